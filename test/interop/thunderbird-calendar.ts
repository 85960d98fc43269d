/** What scripts inside of Thunderbird share that work with calendars. */
import type { Person } from '../support/server-process.ts';
import type { Thunderbird } from './thunderbird-process.ts';

/** What every script may use. */
export const CALENDAR = `const { cal } = ChromeUtils.importESModule('resource:///modules/calendar/calUtils.sys.mjs');
  const { CalEvent } = ChromeUtils.importESModule('resource:///modules/CalEvent.sys.mjs');
  const calendar = cal.manager.getCalendars().find((one) => one.type === 'caldav' && one.uri.spec.endsWith('/calendar/'));`;
/** Asks the server for changes and waits until they are here. */
export const REFRESH = `await new Promise((resolve) => {
    const observer = { QueryInterface: ChromeUtils.generateQI(['calIObserver']), onLoad: end, onError() {}, onStartBatch() {},
      onEndBatch() {}, onAddItem() {}, onModifyItem() {}, onDeleteItem() {}, onPropertyChanged() {}, onPropertyDeleting() {} };
    function end() { calendar.removeObserver(observer); resolve(); }
    calendar.addObserver(observer);
    calendar.refresh();
  });`;

/** Lets Thunderbird keep the password of somebody for the server. */
export function keepPassword(thunderbird: Thunderbird, url: string, { name, password }: Person): Promise<void> {
  return thunderbird.run(
    `const login = Cc['@mozilla.org/login-manager/loginInfo;1'].createInstance(Ci.nsILoginInfo);
     login.init(arguments[0], null, arguments[1], arguments[2], arguments[3], '', '');
     await Services.logins.addLoginAsync(login);`,
    url.replace(/\/$/, ''),
    'Convene',
    name,
    password,
  );
}

/** Finds and adds the calendars of somebody from the host alone. Returns their URLs. */
export function findCalendars(thunderbird: Thunderbird, url: string, { name, password }: Person): Promise<string[]> {
  return thunderbird.run<string[]>(
    `${CALENDAR}
     const found = await cal.provider.detection.detect(arguments[0], arguments[1], arguments[2], false, [], {});
     const calendars = [...found.values()].flat();
     for (const one of calendars) cal.manager.registerCalendar(one);
     return calendars.map((one) => one.uri.spec);`,
    name,
    password,
    url,
  );
}
