/** The HTML of the set-up pages: small, without scripts, in the language of the visitor. Elsewhere: words (src/setup/guide.ts). */
import QR from 'qr';
import { escapeXml } from '../../src/collections/property-text.ts';
import {
  DEVICES,
  type Device,
  deviceName,
  LANGUAGES,
  type Language,
  manualSettings,
  stepsFor,
  WORDS,
} from '../../src/setup/guide.ts';
import type { Services } from '../../src/setup/service-records.ts';
import { page } from '../html-page.ts';

export interface PageOptions {
  readonly language: Language;
  readonly device: Device;
  readonly services: Services;
}

/** /setup: the right steps for this device, and the settings for all others. */
export function guidePage(options: PageOptions): string {
  const { language, device } = options;
  return page(
    language,
    WORDS.title[language],
    `${steps(device, language)}${manual(options)}<h2>${WORDS.otherDevices[language]}</h2><nav>${DEVICES.map(
      (other) => `<a href="/setup?device=${other}&amp;lang=${language}">${escapeXml(deviceName(other, language))}</a>`,
    ).join(
      '',
    )}</nav><nav>${LANGUAGES.map((other) => `<a href="/setup?device=${device}&amp;lang=${other}" lang="${other}">${other}</a>`).join('')}</nav>`,
  );
}

/** What a one-time link shows before it is used. */
export function linkPage(language: Language, address: string): string {
  return page(
    language,
    WORDS.linkTitle[language],
    `<p><strong>${escapeXml(address)}</strong></p><p>${escapeXml(WORDS.linkText[language])}</p>` +
      `<form method="post"><button>${escapeXml(WORDS.linkButton[language])}</button></form>`,
  );
}

/** What it shows once: password, profile, steps. */
export function preparedPage(options: PageOptions, address: string, password: string, profilePath: string): string {
  const { language, device } = options;
  return page(
    language,
    WORDS.linkTitle[language],
    `<p>${escapeXml(WORDS.userName[language])}: <code>${escapeXml(address)}</code></p>` +
      `<p>${escapeXml(WORDS.copyPassword[language])}</p><p><code>${escapeXml(password)}</code></p>${QR(password, 'svg')}` +
      `<p><a class="button" href="${escapeXml(profilePath)}">${escapeXml(WORDS.profile[language])}</a> (iOS, macOS)</p>` +
      `${steps(device, language)}${manual(options)}`,
  );
}

/** One sentence, for what is not there. */
export function sentencePage(language: Language, sentence: string): string {
  return page(language, WORDS.title[language], `<p>${escapeXml(sentence)}</p>`);
}

function steps(device: Device, language: Language): string {
  const list = stepsFor(device, language).map((step) => `<li>${escapeXml(step)}</li>`);
  return `<h2>${escapeXml(deviceName(device, language))}</h2><ol>${list.join('')}</ol>`;
}

function manual({ services, language }: PageOptions): string {
  const rows = manualSettings(services, language).map(
    ([label, value]) => `<tr><th>${escapeXml(label)}</th><td><code>${escapeXml(value)}</code></td></tr>`,
  );
  return `<h2>${escapeXml(WORDS.manual[language])}</h2><table>${rows.join('')}</table>`;
}
