/**
 * Submission: people of this server send, to each other and to the world.
 * RFC 6409, RFC 8314 §3.3, RFC 3461 §4 (what senders want to hear).
 * Elsewhere: the conversation (session.ts), taking the message (src/mail/submission.ts), sending on (src/mail/outbound.ts).
 */
import { DomainError } from '../../src/errors.ts';
import type { LocalRecipients } from '../../src/mail/local-recipients.ts';
import type { NotifyCondition, QueueOptions } from '../../src/mail/queue-options.ts';
import type { Submission, SubmissionRecipient } from '../../src/mail/submission.ts';
import type { LimitReached, SubmissionLimits } from '../../src/mail/submission-limits.ts';
import type { Principal } from '../../src/principals/access.ts';
import type { Door, Transaction } from './door.ts';
import { decodeXtext } from './path-command.ts';
import { isHere, localRecipient } from './recipients.ts';
import { SmtpRefusal } from './refusal.ts';

export function submissionDoor(
  recipients: LocalRecipients,
  submission: Submission,
  limits: SubmissionLimits,
): Door<SubmissionRecipient> {
  return {
    name: 'submission',
    login: true,
    extensions: ['DSN'],
    // AUTH: RFC 4954 §5; who sends is known here, so its value says nothing.
    mailParameters: new Set(['SIZE', 'BODY', 'SMTPUTF8', 'RET', 'ENVID', 'AUTH']),
    recipientParameters: new Set(['NOTIFY', 'ORCPT']),
    async sender(transaction) {
      returnOptions(transaction.parameters);
      // RFC 5321 §4.5.5: the null sender is for notifications, which mail programs send too.
      if (transaction.sender.address !== '')
        await submission.checkSender(principalOf(transaction), transaction.sender.address);
      const reached = limits.reached(principalOf(transaction).id, 0);
      if (reached !== undefined) throw limitReached(reached);
    },
    async recipient(transaction, path, parameters) {
      const options: QueueOptions = {
        ...returnOptions(transaction.parameters),
        ...notifyOptions(parameters),
        ...(transaction.utf8 ? { utf8: true } : {}),
      };
      if (await isHere(path, recipients)) return { local: await localRecipient(path, recipients), options };
      // Numbers instead of names are how programs reach machines that nobody meant to be reached.
      if (path.domain.startsWith('['))
        throw new SmtpRefusal(550, '5.1.2', 'Mail goes to domains, not to IP addresses.');
      const reached = limits.reached(principalOf(transaction).id, elsewhere(transaction) + 1);
      if (reached !== undefined) throw limitReached(reached);
      return { remote: { address: path.address, options } };
    },
    async message(transaction, message) {
      const { id, protocol, sender } = transaction;
      // Counted before it is taken, so that many connections at once send no more.
      const taken = limits.take(principalOf(transaction).id, elsewhere(transaction));
      if (typeof taken !== 'function') throw limitReached(taken);
      try {
        await submission.accept({
          principal: principalOf(transaction),
          mailFrom: sender.address,
          recipients: transaction.recipients,
          // Interpretation 40: where people are when they write is nobody's business.
          trace: { id, helo: 'submission', protocol, address: undefined },
          ...message,
        });
      } catch (error) {
        taken();
        throw error;
      }
      return `2.0.0 Taken as ${id}`;
    },
  };
}

function principalOf(transaction: Transaction<SubmissionRecipient>): Principal {
  if (transaction.principal === undefined) throw new DomainError('authentication-failed', 'Log in first.');
  return transaction.principal;
}

function elsewhere({ recipients }: Transaction<SubmissionRecipient>): number {
  return recipients.filter((recipient) => 'remote' in recipient).length;
}

/** A refusal for now: of a recipient 452, so that clients send to those that were taken (RFC 5321 §4.5.3.1.10). */
function limitReached({ limit, most, minutes }: LimitReached): SmtpRefusal {
  const again = `try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`;
  return limit === 'messages'
    ? new SmtpRefusal(450, '4.7.1', `You may send ${most} messages an hour; ${again}`)
    : new SmtpRefusal(452, '4.7.1', `You may write to ${most} recipients elsewhere an hour; ${again}`);
}

/** RFC 3461 §4.3 and §4.4. */
function returnOptions(parameters: Transaction<unknown>['parameters']): QueueOptions {
  const returned = parameters.get('RET')?.toUpperCase();
  if (returned !== undefined && returned !== 'FULL' && returned !== 'HDRS')
    throw new SmtpRefusal(501, '5.5.4', 'RET is FULL or HDRS.');
  const envelopeId = parameters.get('ENVID');
  if (envelopeId !== undefined && (envelopeId === '' || envelopeId.length > 100))
    throw new SmtpRefusal(501, '5.5.4', 'ENVID has 1 to 100 characters.');
  return {
    ...(returned === undefined ? {} : { returned }),
    ...(envelopeId === undefined ? {} : { envelopeId: decodeXtext(envelopeId) }),
  };
}

/** RFC 3461 §4.1 and §4.2. */
function notifyOptions(parameters: ReadonlyMap<string, string>): QueueOptions {
  const words = parameters.get('NOTIFY')?.toUpperCase().split(',');
  const known = words?.every((word) => ['NEVER', 'SUCCESS', 'FAILURE', 'DELAY'].includes(word)) ?? true;
  if (!known || (words?.includes('NEVER') && words.length > 1) || new Set(words).size !== (words?.length ?? 0))
    throw new SmtpRefusal(501, '5.5.4', 'NOTIFY is NEVER, or some of SUCCESS, FAILURE and DELAY.');
  const original = parameters.get('ORCPT');
  const [, type = '', xtext = ''] = /^([A-Za-z0-9-]+);(.+)$/.exec(original ?? '') ?? [];
  if (original !== undefined && (type === '' || original.length > 500))
    throw new SmtpRefusal(501, '5.5.4', 'ORCPT is a type of address, a semicolon and an address.');
  return {
    ...(words === undefined ? {} : { notify: words.filter((word) => word !== 'NEVER') as NotifyCondition[] }),
    ...(original === undefined ? {} : { originalRecipient: `${type};${decodeXtext(xtext)}` }),
  };
}
