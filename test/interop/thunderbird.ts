/**
 * Thunderbird, without a window: its own detection of calendars and address books from the host name, then a calendar and an
 * address book through create, change by itself, change by somebody else, conflict and delete. What it did is read back over HTTP.
 * Scripts inside of Thunderbird call what its windows call; the requests are its own.
 */
import { interop, must } from './steps.ts';
import { CALENDAR, findCalendars, keepPassword, REFRESH } from './thunderbird-calendar.ts';
import { startThunderbird } from './thunderbird-process.ts';

const event = (uid: string, summary: string) =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Other//EN',
    'BEGIN:VEVENT',
    `UID:${uid}`,
    'DTSTAMP:20261101T000000Z',
    'DTSTART:20261105T100000Z',
    'DTEND:20261105T110000Z',
    `SUMMARY:${summary}`,
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n');

const card = (uid: string, name: string) =>
  `BEGIN:VCARD\r\nVERSION:3.0\r\nUID:${uid}\r\nFN:${name}\r\nN:${name};;;;\r\nEND:VCARD\r\n`;

/** What scripts on address books may use. */
const BOOK = `const { MailServices } = ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs');
  const { CardDAVDirectory } = ChromeUtils.importESModule('resource:///modules/CardDAVDirectory.sys.mjs');
  const directory = MailServices.ab.directories.find((one) => one.dirType === 102);
  const book = directory && CardDAVDirectory.forFile(directory.fileName);`;
await interop('Thunderbird', 1, async ({ server, persons, work, step }) => {
  const [person] = persons;
  must(person, 'no person');
  const authorization = `Basic ${Buffer.from(`${person.name}:${person.password}`).toString('base64')}`;
  const calendar = `/dav/calendars/${person.name}/calendar/`;
  const book = `/dav/addressbooks/${person.name}/addressbook/`;
  /** Somebody else's request. */
  const http = async (method: string, path: string, body?: string, type = 'text/calendar') => {
    const headers = { authorization, depth: '1', ...(body === undefined ? {} : { 'content-type': type }) };
    const answer = await fetch(new URL(path, server.url), { method, headers, body });
    return { status: answer.status, text: await answer.text() };
  };
  const thunderbird = await step('starts', () => startThunderbird(work));
  if (thunderbird === undefined) return;
  try {
    await step('keeps the password of the server', () => keepPassword(thunderbird, server.url, person));
    await step('finds the calendars from the host alone', async () => {
      const found = await findCalendars(thunderbird, server.url, person);
      for (const segment of ['calendar', 'tasks']) {
        must(
          found.some((url) => url.endsWith(`/dav/calendars/${person.name}/${segment}/`)),
          `it found ${found.join(' ')}`,
        );
      }
    });
    await step('opens the calendar to write', async () => {
      const state = await thunderbird.run<{ readOnly: boolean; disabled: boolean }>(
        `${CALENDAR} ${REFRESH} return { readOnly: calendar.readOnly, disabled: !!calendar.getProperty('disabled') };`,
      );
      must(!state.readOnly && !state.disabled, JSON.stringify(state));
    });
    const uid = 'thunderbird-1';
    const path = `${calendar}${uid}.ics`;
    /** Changes the summary of an item as Thunderbird has it. */
    const change = (summary: string) =>
      thunderbird.run<string>(
        `${CALENDAR} const old = await calendar.getItem(arguments[0]); const item = old.clone(); item.title = arguments[1];
         return (await calendar.modifyItem(item, old)).title;`,
        uid,
        summary,
      );
    const title = (of: string) =>
      thunderbird.run<string | null>(
        `${CALENDAR} ${REFRESH} return (await calendar.getItem(arguments[0]))?.title ?? null;`,
        of,
      );
    await step('creates an event', async () => {
      await thunderbird.run(`${CALENDAR} await calendar.addItem(new CalEvent(arguments[0]));`, event(uid, 'Übergabe'));
      must((await http('GET', path)).text.includes('SUMMARY:Übergabe'), 'it did not arrive');
    });
    await step('changes it', async () => {
      await change('Übergabe um zehn');
      must((await http('GET', path)).text.includes('um zehn'), 'the change did not arrive');
    });
    await step('sees what somebody else creates, changes and deletes', async () => {
      await http('PUT', `${calendar}other.ics`, event('other', 'Theirs'));
      must((await title('other')) === 'Theirs', 'the new event is missing');
      await http('PUT', `${calendar}other.ics`, event('other', 'Theirs anew'));
      must((await title('other')) === 'Theirs anew', 'the change is missing');
      await http('DELETE', `${calendar}other.ics`);
      must((await title('other')) === null, 'the deleted event is still there');
    });
    await step('asks before it overwrites what somebody else changed meanwhile', async () => {
      await http('PUT', path, event(uid, 'Theirs'));
      // The question is a dialogue; here it is answered with "keep theirs".
      const asked = await thunderbird.run<number>(
        `${CALENDAR} let asked = 0;
         const before = cal.provider.promptOverwrite;
         cal.provider.promptOverwrite = () => { asked++; return false; };
         try {
           const old = await calendar.getItem(arguments[0]); const item = old.clone(); item.title = 'Mine';
           await calendar.modifyItem(item, old).catch(() => {});
         } finally { cal.provider.promptOverwrite = before; }
         return asked;`,
        uid,
      );
      must(asked === 1, `it asked ${asked} times`);
      must((await http('GET', path)).text.includes('SUMMARY:Theirs'), 'their change is lost');
    });
    await step('then shows theirs, and changes that', async () => {
      must((await title(uid)) === 'Theirs', 'it shows its own');
      await change('Ours');
      must((await http('GET', path)).text.includes('SUMMARY:Ours'), 'the change did not arrive');
    });
    await step('deletes the event', async () => {
      await thunderbird.run(`${CALENDAR} await calendar.deleteItem(await calendar.getItem(arguments[0]));`, uid);
      must((await http('GET', path)).status === 404, 'it is still there');
    });

    await step('finds the address book from the host alone', async () => {
      const found = await thunderbird.run<string[]>(
        `const { CardDAVUtils } = ChromeUtils.importESModule('resource:///modules/CardDAVUtils.sys.mjs');
         const books = await CardDAVUtils.detectAddressBooks(arguments[0], arguments[1], arguments[2], false, false);
         for (const one of books) await one.create();
         return books.map((one) => one.url.href);`,
        person.name,
        person.password,
        server.url,
      );
      must(found.length === 1 && found[0]?.endsWith(book), `it found ${found.join(' ')}`);
    });
    const names = () =>
      thunderbird.run<string[]>(
        `${BOOK} await book.syncWithServer(false); return directory.childCards.map((one) => one.displayName);`,
      );
    await step('creates a contact', async () => {
      await thunderbird.run(
        `${BOOK} const card = Cc['@mozilla.org/addressbook/cardproperty;1'].createInstance(Ci.nsIAbCard);
         card.displayName = 'Jolanta Żółty'; card.lastName = 'Żółty'; card.firstName = 'Jolanta';
         directory.addCard(card); await new Promise((resolve) => setTimeout(resolve, 1500));`,
      );
      const listing = await http('PROPFIND', book);
      must(/\.vcf<\/D:href>/.test(listing.text), 'it did not arrive');
    });
    const href = async () => {
      const found = /<D:href>([^<]+\.vcf)<\/D:href>/.exec((await http('PROPFIND', book)).text)?.[1];
      must(found, 'there is no contact');
      return found;
    };
    await step('changes it', async () => {
      await thunderbird.run(
        `${BOOK} const { VCardPropertyEntry } = ChromeUtils.importESModule('resource:///modules/VCardUtils.sys.mjs');
         const card = directory.childCards[0];
         card.vCardProperties.addEntry(new VCardPropertyEntry('nickname', {}, 'text', 'Jola'));
         directory.modifyCard(card);
         await new Promise((resolve) => setTimeout(resolve, 1500));`,
      );
      must(/NICKNAME:Jola/.test((await http('GET', await href())).text), 'the change did not arrive');
    });
    await step('sees what somebody else creates, changes and deletes in the address book', async () => {
      await http('PUT', `${book}zz-other.vcf`, card('other', 'Somebody Else'), 'text/vcard');
      must((await names()).includes('Somebody Else'), 'the new contact is missing');
      await http('PUT', `${book}zz-other.vcf`, card('other', 'Somebody New'), 'text/vcard');
      must((await names()).includes('Somebody New'), 'the change is missing');
      await http('DELETE', `${book}zz-other.vcf`);
      must(!(await names()).includes('Somebody New'), 'the deleted contact is still there');
    });
    await step('takes what somebody else made of its contact', async () => {
      const path = await href();
      const stored = (await http('GET', path)).text;
      await http('PUT', path, stored.replace(/^FN.*$/m, 'FN:Theirs\r').replace(/\r\r/g, '\r'), 'text/vcard');
      must((await names()).includes('Theirs'), 'it shows its own');
    });
    await step('deletes the contact', async () => {
      const path = await href();
      await thunderbird.run(
        `${BOOK} directory.deleteCards([directory.childCards[0]]);
         await new Promise((resolve) => setTimeout(resolve, 1500));`,
      );
      must((await http('GET', path)).status === 404, 'it is still there');
    });
  } finally {
    await thunderbird.stop();
  }
});
