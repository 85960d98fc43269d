/** The HTML of the page on which guests answer: without scripts, in the language of the visitor. Elsewhere: the frame (protocols/html-page.ts). */
import { timeZoneNames } from '../../src/calendar/time-zones.ts';
import { escapeXml } from '../../src/collections/property-text.ts';
import type { GuestView } from '../../src/scheduling/guest-answers.ts';
import { GUEST_ANSWERS } from '../../src/scheduling/guest-answers.ts';
import { invitationText, type Language } from '../../src/scheduling/invitation-text.ts';
import { page } from '../html-page.ts';

type Words = Record<Language, string>;

const WORDS = {
  title: { en: 'Invitation', fr: 'Invitation' },
  comment: { en: 'Comment', fr: 'Commentaire' },
  another: { en: 'Another time', fr: 'Un autre horaire' },
  start: { en: 'Start, on the clock of the meeting', fr: 'Début, à l’heure de la réunion' },
  clock: { en: 'Times in my zone', fr: 'Horaires dans mon fuseau' },
  show: { en: 'Show', fr: 'Afficher' },
  propose: { en: 'Propose', fr: 'Proposer' },
  sent: { en: 'Your proposal was sent to the organizer.', fr: 'Votre proposition a été envoyée à l’organisateur.' },
  back: { en: 'Change the answer', fr: 'Modifier la réponse' },
  gone: {
    en: 'This link has expired, or you are not invited any more.',
    fr: 'Ce lien a expiré, ou vous n’êtes plus invité.',
  },
  many: { en: 'You have proposed enough times.', fr: 'Vous avez proposé assez d’horaires.' },
  invalid: { en: 'This was not understood.', fr: 'Ceci n’a pas été compris.' },
} satisfies Record<string, Words>;

const BUTTONS: Readonly<Record<(typeof GUEST_ANSWERS)[number], Words>> = {
  ACCEPTED: { en: 'Accept', fr: 'Accepter' },
  TENTATIVE: { en: 'Maybe', fr: 'Peut-être' },
  DECLINED: { en: 'Decline', fr: 'Refuser' },
};

const ANSWERED: Readonly<Record<string, Words>> = {
  ACCEPTED: { en: 'You have accepted.', fr: 'Vous avez accepté.' },
  TENTATIVE: { en: 'You may come.', fr: 'Vous viendrez peut-être.' },
  DECLINED: { en: 'You have declined.', fr: 'Vous avez refusé.' },
};

export type Sentence = 'sent' | 'gone' | 'many' | 'invalid';

/** The invitation, the answer so far, and buttons. `zone`: the IANA name of the clock the guest wants to see beside the meeting's. */
export function invitationPage(language: Language, view: GuestView, zone: string | undefined): string {
  const { headline, facts } = invitationText('REQUEST', view.object, view.host, language, zone);
  const rows = facts.map(
    ([label, value]) => `<tr><th>${escapeXml(label)}</th><td>${escapeXml(value).replaceAll('\n', '<br>')}</td></tr>`,
  );
  const comment = `<p><label>${escapeXml(WORDS.comment[language])} <input name="comment" maxlength="1000"></label></p>`;
  const buttons = GUEST_ANSWERS.map(
    (answer) => `<button name="answer" value="${answer}">${escapeXml(BUTTONS[answer][language])}</button>`,
  );
  const answered = ANSWERED[view.partstat]?.[language];
  return page(
    language,
    WORDS.title[language],
    `<p>${escapeXml(headline)}</p><table>${rows.join('')}</table>` +
      (answered === undefined ? '' : `<p><strong>${escapeXml(answered)}</strong></p>`) +
      `<form method="post">${comment}<p>${buttons.join(' ')}</p></form>` +
      proposal(language, view, comment) +
      zoneChoice(language, view, zone),
  );
}

/** Without scripts nobody knows the clock of a visitor; asking for it changes nothing. */
function zoneChoice(language: Language, { start, wholeDays }: GuestView, zone: string | undefined): string {
  if (start === undefined || wholeDays) return '';
  const options = timeZoneNames().map(
    (name) => `<option${name === zone ? ' selected' : ''}>${escapeXml(name)}</option>`,
  );
  return (
    `<h2>${escapeXml(WORDS.clock[language])}</h2><form method="get">` +
    `<p><select name="zone" aria-label="${escapeXml(WORDS.clock[language])}">${options.join('')}</select> ` +
    `<button>${escapeXml(WORDS.show[language])}</button></p></form>`
  );
}

function proposal(language: Language, { start, wholeDays }: GuestView, comment: string): string {
  if (start === undefined) return '';
  const input = `<input type="${wholeDays ? 'date' : 'datetime-local'}" name="start" value="${start}" required>`;
  return (
    `<h2>${escapeXml(WORDS.another[language])}</h2><form method="post">` +
    `<p><label>${escapeXml(WORDS.start[language])} ${input}</label></p>${comment}` +
    `<p><button name="answer" value="COUNTER">${escapeXml(WORDS.propose[language])}</button></p></form>`
  );
}

/** What became of an answer; `href`: where it can be changed. */
export function sentencePage(language: Language, sentence: Sentence, href?: string): string {
  const back = href === undefined ? '' : `<p><a href="${escapeXml(href)}">${escapeXml(WORDS.back[language])}</a></p>`;
  return page(language, WORDS.title[language], `<p>${escapeXml(WORDS[sentence][language])}</p>${back}`);
}
