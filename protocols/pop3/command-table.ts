/** The commands of POP3 by name. RFC 1939, RFC 2449 §5, RFC 2595 §4, RFC 5034 §4, RFC 6856 §2.1. */
import { capa, quit } from './commands/any-state.ts';
import { auth, pass, stls, user, utf8Command } from './commands/authorization.ts';
import { dele, list, noop, retr, rset, stat, top, uidl } from './commands/transaction.ts';
import type { Command } from './session.ts';

export const commands: ReadonlyMap<string, Command> = new Map([
  ['CAPA', capa],
  ['QUIT', quit],
  ['STLS', stls],
  ['USER', user],
  ['PASS', pass],
  ['AUTH', auth],
  ['UTF8', utf8Command],
  ['STAT', stat],
  ['LIST', list],
  ['UIDL', uidl],
  ['RETR', retr],
  ['TOP', top],
  ['DELE', dele],
  ['RSET', rset],
  ['NOOP', noop],
]);
