/** Facts about the store as a whole: table `settings`. */

import type { Sql } from './sql.ts';
import type { SettingReads, SettingWrites } from './store.ts';

export const statements = {
  get: 'SELECT value FROM settings WHERE name = ?',
  set: 'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
} as const;

export function settingReads(sql: Sql): SettingReads {
  return {
    async get(name) {
      return (await sql.get<{ value: string }>(statements.get, name))?.value;
    },
  };
}

export function settingWrites(sql: Sql): SettingWrites {
  return {
    ...settingReads(sql),
    async set(name, value) {
      await sql.run(statements.set, name, value);
    },
  };
}
