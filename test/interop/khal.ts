/**
 * khal and khard on two computers that synchronise with vdirsyncer: an event and a contact made on one are read, as people
 * see them, on the other; likewise a change of the event.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { interop, must, program } from './steps.ts';
import { VdirsyncerClient } from './vdirsyncer-client.ts';

/** A home folder with the configuration of khal and khard for what vdirsyncer keeps. */
function home(work: string, name: string, calendars: VdirsyncerClient, contacts: VdirsyncerClient) {
  const folder = join(work, `${name}-home`);
  for (const part of ['.config/khal', '.config/khard', '.local/share/khal'])
    mkdirSync(join(folder, part), { recursive: true });
  writeFileSync(
    join(folder, '.config/khal/config'),
    `[calendars]
[[calendar]]
path = ${join(calendars.folder, 'calendar')}
[locale]
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
local_timezone = Europe/Berlin
default_timezone = Europe/Berlin
[default]
default_calendar = calendar
[sqlite]
path = ${join(folder, 'khal.db')}
`,
  );
  writeFileSync(
    join(folder, '.config/khard/khard.conf'),
    `[addressbooks]
[[addressbook]]
path = ${join(contacts.folder, 'addressbook')}
[general]
default_action = list
editor = true
merge_editor = true
[vcard]
preferred_version = 3.0
`,
  );
  return { environment: { HOME: folder } };
}

const CONTACT = `First name : Jolanta
Last name : Żółty
Email :
    work : jolanta@example.org
Phone :
    cell : "+48 22 5550100"
`;

await interop('khal and khard', 1, async ({ server, persons, work, step }) => {
  const [person] = persons;
  must(person, 'no person');
  const [desk, lap] = ['desk', 'lap'].map((name) => {
    const calendars = new VdirsyncerClient(work, name, 'caldav', server.url, person);
    const contacts = new VdirsyncerClient(work, name, 'carddav', server.url, person);
    const options = home(work, name, calendars, contacts);
    return {
      calendars,
      contacts,
      khal: (...words: string[]) => program('khal', words, options),
      khard: (words: string[], input?: string) => program('khard', words, { ...options, input }),
    };
  });
  must(desk && lap, 'no computers');
  await step('both computers discover and synchronise', async () => {
    for (const { calendars, contacts } of [desk, lap])
      for (const client of [calendars, contacts]) {
        await client.discover();
        await client.sync();
      }
  });
  await step('khal makes an event with a place and an alarm on the desk', () =>
    desk.khal('new', '-l', 'Tower', '-m', '15m', '2026-11-05', '10:00', '11:30', 'Übergabe', '::', 'with the keys'),
  );
  await step('khal makes a weekly event on the desk', () =>
    desk.khal('new', '--repeat', 'weekly', '--until', '2026-12-31', '2026-11-03', '09:00', '09:15', 'Standup'),
  );
  await step('the desk uploads', () => desk.calendars.sync());
  await step('the lap downloads', () => lap.calendars.sync());
  await step('khal on the lap shows the event', async () => {
    const said = await lap.khal(
      'list',
      '--format',
      '{start-date} {start-time}-{end-time} {title} @{location}',
      '2026-11-05',
      '1d',
    );
    must(said.includes('2026-11-05 10:00-11:30 Übergabe @Tower'), `it says: ${said}`);
  });
  await step('khal on the lap shows every week of the series', async () => {
    const said = await lap.khal('list', '--format', '{start-date} {title}', '2026-11-01', '2026-12-01');
    for (const day of ['03', '10', '17', '24'])
      must(said.includes(`2026-11-${day} Standup`), `the ${day}th is missing: ${said}`);
  });
  await step('khard makes a contact on the desk', () => desk.khard(['new', '-i', '-'], CONTACT));
  await step('the desk uploads the contact', () => desk.contacts.sync());
  await step('the lap downloads the contact', () => lap.contacts.sync());
  await step('khard on the lap shows name, address and telephone', async () => {
    const said = await lap.khard(['show', 'Jolanta']);
    for (const part of ['Żółty', 'jolanta@example.org', '+48 22 5550100'])
      must(said.includes(part), `${part} is missing: ${said}`);
  });
  await step('khard on the lap finds the address as a mail program asks for it', async () => {
    const said = await lap.khard(['email', '--parsable', 'jolanta']);
    must(said.includes('jolanta@example.org\t'), `it says: ${said}`);
  });
});
