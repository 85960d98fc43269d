/**
 * What SMTP and LMTP answer when they refuse: reply code, enhanced status code, a sentence.
 * RFC 5321 §4.2 (codes), RFC 3463 and RFC 2034 (enhanced status codes).
 * Errors of the domain and of the store in, one refusal out; anything else is a bug, for the caller to log.
 */
import { DomainError } from '../../src/errors.ts';
import { StoreError } from '../../storage/store.ts';
import { errorReplies, unexpectedReply } from '../error-replies.ts';

/** A refusal with its reply. 421 ends the connection (RFC 5321 §3.8). */
export class SmtpRefusal extends Error {
  override readonly name = 'SmtpRefusal';
  readonly code: number;
  /** With its enhanced status code, as it is sent after the reply code. */
  readonly text: string;

  constructor(code: number, enhanced: string, sentence: string) {
    super(sentence);
    this.code = code;
    this.text = `${enhanced} ${sentence}`;
  }
}

/** The reply to whatever was thrown; `bug` when nobody foresaw it. */
export function refusalOf(error: unknown): SmtpRefusal & { readonly bug?: boolean } {
  if (error instanceof SmtpRefusal) return error;
  if (error instanceof DomainError) {
    const [code, enhanced] = errorReplies[error.code].smtp ?? unexpectedReply.smtp ?? [451, '4.3.0'];
    return new SmtpRefusal(code, enhanced, error.message);
  }
  // RFC 5321 §4.2.2: 452 for want of storage; the message is safe with its sender until there is some.
  if (error instanceof StoreError && error.code === 'full')
    return new SmtpRefusal(452, '4.3.1', 'There is no room for the message; try again later.');
  if (error instanceof StoreError)
    return new SmtpRefusal(451, '4.3.0', 'The store cannot be written; try again later.');
  return Object.assign(new SmtpRefusal(451, '4.3.0', 'Something went wrong here; try again later.'), { bug: true });
}
