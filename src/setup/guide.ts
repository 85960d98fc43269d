/**
 * What the set-up page says, for each kind of device and in each language; add a language by adding its column.
 * Elsewhere: the page around it (protocols/setup).
 */
import type { Services } from './service-records.ts';

export const LANGUAGES = ['en', 'fr'] as const;
export type Language = (typeof LANGUAGES)[number];

export const DEVICES = ['ios', 'macos', 'android', 'thunderbird', 'outlook', 'other'] as const;
export type Device = (typeof DEVICES)[number];

type Text = Readonly<Record<Language, string>>;

export const WORDS = {
  title: { en: 'Set up your devices', fr: 'Configurer vos appareils' },
  otherDevices: { en: 'Other devices', fr: 'Autres appareils' },
  manual: { en: 'Settings to type in', fr: 'Réglages à saisir' },
  userName: { en: 'User name', fr: 'Nom d’utilisateur' },
  yourAddress: { en: 'your e-mail address', fr: 'votre adresse e-mail' },
  password: { en: 'Password', fr: 'Mot de passe' },
  devicePassword: {
    en: 'a device password for each program (with two-factor sign-in, nothing else works)',
    fr: 'un mot de passe d’appareil par logiciel (obligatoire avec la double authentification)',
  },
  webServer: { en: 'Calendars and contacts', fr: 'Agendas et contacts' },
  reading: { en: 'Incoming mail', fr: 'Courrier entrant' },
  sending: { en: 'Outgoing mail', fr: 'Courrier sortant' },
  linkTitle: { en: 'Set up this device', fr: 'Configurer cet appareil' },
  linkText: {
    en: 'This link works once. The button makes a password for this device alone and shows what to do with it.',
    fr: 'Ce lien ne sert qu’une fois. Le bouton crée un mot de passe propre à cet appareil et indique la marche à suivre.',
  },
  linkButton: { en: 'Set up this device', fr: 'Configurer cet appareil' },
  copyPassword: {
    en: 'The password of this device. It is shown only now: copy it before you go on.',
    fr: 'Le mot de passe de cet appareil. Il n’est affiché que maintenant : copiez-le avant de continuer.',
  },
  profile: { en: 'Download the profile', fr: 'Télécharger le profil' },
} as const satisfies Readonly<Record<string, Text>>;

const NAMES: Readonly<Record<Device, Text>> = {
  ios: { en: 'iPhone and iPad', fr: 'iPhone et iPad' },
  macos: { en: 'Mac', fr: 'Mac' },
  android: { en: 'Android', fr: 'Android' },
  thunderbird: { en: 'Thunderbird', fr: 'Thunderbird' },
  outlook: { en: 'Outlook', fr: 'Outlook' },
  other: { en: 'Another program', fr: 'Autre logiciel' },
};

const STEPS: Readonly<Record<Device, Readonly<Record<Language, readonly string[]>>>> = {
  ios: {
    en: [
      'Open your set-up link (scan its QR code) and download the profile.',
      'Settings → Profile Downloaded → Install, and paste the password when it asks for one.',
      'Without a link: Settings → Apps → Calendar → Calendar Accounts → Add Account → Other → CalDAV, then CardDAV, then Mail.',
    ],
    fr: [
      'Ouvrez votre lien de configuration (scannez son code QR) et téléchargez le profil.',
      'Réglages → Profil téléchargé → Installer, puis collez le mot de passe demandé.',
      'Sans lien : Réglages → Apps → Calendrier → Comptes → Ajouter un compte → Autre → CalDAV, puis CardDAV, puis Mail.',
    ],
  },
  macos: {
    en: [
      'Open your set-up link and download the profile.',
      'System Settings → General → Device Management → the profile → Install.',
      'Without a link: System Settings → Internet Accounts → Add Account → Add Other Account.',
    ],
    fr: [
      'Ouvrez votre lien de configuration et téléchargez le profil.',
      'Réglages Système → Général → Gestion des appareils → le profil → Installer.',
      'Sans lien : Réglages Système → Comptes internet → Ajouter un compte → Ajouter un autre compte.',
    ],
  },
  android: {
    en: [
      'Install DAVx⁵; add an account with URL and user name: the address of calendars and contacts below.',
      'Choose calendars and address books; they appear in the apps of the phone.',
      'Mail: in Gmail or another mail app add an account of kind "Other" with the settings below.',
    ],
    fr: [
      'Installez DAVx⁵ ; ajoutez un compte avec URL et nom d’utilisateur : l’adresse des agendas et contacts ci-dessous.',
      'Choisissez agendas et carnets d’adresses ; ils apparaissent dans les applications du téléphone.',
      'Courrier : dans Gmail ou une autre application, ajoutez un compte « Autre » avec les réglages ci-dessous.',
    ],
  },
  thunderbird: {
    en: [
      'Account Settings → Account Actions → Add Mail Account: name, address, password. Everything else is found.',
      'In the last step connect the address books and calendars it has found.',
    ],
    fr: [
      'Paramètres des comptes → Gestion des comptes → Ajouter un compte de messagerie : nom, adresse, mot de passe. Le reste est trouvé.',
      'À la dernière étape, connectez les carnets d’adresses et agendas trouvés.',
    ],
  },
  outlook: {
    en: [
      'File → Add Account: your address; choose IMAP when asked. The new Outlook copies your mail to Microsoft and keeps the password: give it one of its own.',
      'Calendars and contacts in classic Outlook: install CalDav Synchronizer, new profile "Generic CalDAV/CardDAV", DAV URL below, then test and discover. Use IANA time zones: on. Schedule agent client: off. Do not send appointment notifications: on. Global appointment ID: on. Distribution lists: vCard group with UID.',
      'Calendars in any Outlook, to read only: Add calendar → Subscribe from web → a published link.',
    ],
    fr: [
      'Fichier → Ajouter un compte : votre adresse ; choisissez IMAP. Le nouvel Outlook copie votre courrier chez Microsoft et y garde le mot de passe : donnez-lui le sien.',
      'Agendas et contacts dans Outlook classique : installez CalDav Synchronizer, nouveau profil « Generic CalDAV/CardDAV », URL DAV ci-dessous, puis tester. Use IANA time zones : oui. Schedule agent client : non. Do not send appointment notifications : oui. Global appointment ID : oui. Listes de distribution : vCard group with UID.',
      'Agendas dans tout Outlook, en lecture : Ajouter un calendrier → S’abonner à partir du web → un lien publié.',
    ],
  },
  other: {
    en: [
      'Type in the settings below. Programs that know CalDAV and CardDAV find everything from the address of the server.',
    ],
    fr: [
      'Saisissez les réglages ci-dessous. Les logiciels CalDAV et CardDAV trouvent tout à partir de l’adresse du serveur.',
    ],
  },
};

export function deviceName(device: Device, language: Language): string {
  return NAMES[device][language];
}

export function stepsFor(device: Device, language: Language): readonly string[] {
  return STEPS[device][language];
}

/** The kind of device a browser runs on, by what it calls itself. */
export function deviceOf(userAgent: string): Device {
  if (/iPhone|iPad/.test(userAgent)) return 'ios';
  if (/Android/.test(userAgent)) return 'android';
  if (/Thunderbird/.test(userAgent)) return 'thunderbird';
  if (/Macintosh/.test(userAgent)) return 'macos';
  return /Windows/.test(userAgent) ? 'outlook' : 'other';
}

/** The language of an Accept-Language header that is wanted most, of those that there are (RFC 9110 §12.5.4). */
export function languageOf(header: string): Language {
  let best: { language: Language; weight: number } = { language: 'en', weight: 0 };
  for (const part of header.slice(0, 500).split(',')) {
    const [range = '', ...parameters] = part.toLowerCase().split(';');
    const primary = range.trim().split('-')[0];
    const language = LANGUAGES.find((one) => one === primary);
    const q = parameters.map((one) => /^\s*q=([\d.]{1,5})\s*$/.exec(one)?.[1]).find((one) => one !== undefined);
    const weight = q === undefined ? 1 : Number(q);
    if (language !== undefined && weight > best.weight) best = { language, weight };
  }
  return best.language;
}

/** Label and value of what somebody types in by hand. */
export function manualSettings(services: Services, language: Language): readonly (readonly [string, string])[] {
  const rows: [string, string][] = [[WORDS.webServer[language], `${services.origin}/dav/`]];
  for (const { kind, port, security } of services.mail) {
    const label = kind === 'submission' ? WORDS.sending[language] : WORDS.reading[language];
    const protocol = kind === 'submission' ? 'SMTP' : kind.toUpperCase();
    rows.push([label, `${protocol} ${services.host}:${port} (${security === 'tls' ? 'SSL/TLS' : 'STARTTLS'})`]);
  }
  rows.push([WORDS.userName[language], WORDS.yourAddress[language]]);
  rows.push([WORDS.password[language], WORDS.devicePassword[language]]);
  return rows;
}
