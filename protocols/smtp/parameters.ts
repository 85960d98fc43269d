/**
 * Parameters of MAIL and RCPT that mean the same at every door.
 * RFC 5321 §4.1.1.11, RFC 1870 §6.1 (SIZE), RFC 6152 §3 (BODY), RFC 6531 §3.4 (SMTPUTF8).
 * Elsewhere: their syntax (path-command.ts), DSN (submission.ts).
 */
import type { PathCommand } from './path-command.ts';
import { SmtpRefusal } from './refusal.ts';

type Parameters = PathCommand['parameters'];

/**
 * @param known by keyword
 * @param maxSize octets of a message
 * @throws SmtpRefusal
 */
export function checkMailParameters(
  { parameters, utf8 }: PathCommand,
  known: ReadonlySet<string>,
  maxSize: number,
): void {
  checkKnown(parameters, known);
  const size = parameters.get('SIZE');
  if (size !== undefined && !/^\d{1,20}$/.test(size)) throw new SmtpRefusal(501, '5.5.4', 'SIZE is a number.');
  if (size !== undefined && Number(size) > maxSize)
    throw new SmtpRefusal(552, '5.3.4', `A message has at most ${maxSize} octets.`);
  const body = parameters.get('BODY')?.toUpperCase();
  if (body !== undefined && body !== '7BIT' && body !== '8BITMIME')
    throw new SmtpRefusal(501, '5.5.4', 'BODY is 7BIT or 8BITMIME.');
  if ((parameters.get('SMTPUTF8') ?? '') !== '') throw new SmtpRefusal(501, '5.5.4', 'SMTPUTF8 has no value.');
  if (utf8 && !parameters.has('SMTPUTF8')) throw needsUtf8();
}

/** @throws SmtpRefusal */
export function checkRecipientParameters(
  { parameters, utf8 }: PathCommand,
  known: ReadonlySet<string>,
  smtpUtf8: boolean,
): void {
  checkKnown(parameters, known);
  if (utf8 && !smtpUtf8) throw needsUtf8();
}

function checkKnown(parameters: Parameters, known: ReadonlySet<string>): void {
  for (const name of parameters.keys())
    if (!known.has(name)) throw new SmtpRefusal(555, '5.5.4', `The parameter ${name} is not known here.`);
}

/** RFC 6531 §3.5 */
function needsUtf8(): SmtpRefusal {
  return new SmtpRefusal(553, '5.6.7', 'This address needs SMTPUTF8 at MAIL.');
}
