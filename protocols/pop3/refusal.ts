/** Errors of POP3 itself; those of the domain have their replies in protocols/error-replies.ts. RFC 1939 §3, RFC 2449 §8. */

/** A command that is refused: what follows `-ERR`. */
export class Pop3Refusal extends Error {
  override readonly name = 'Pop3Refusal';
  /** Response code without its brackets, or ''. */
  readonly code: string;

  constructor(message: string, code = '') {
    super(message);
    this.code = code;
  }
}

/** The connection ends without another word: the peer is gone, or nothing that can be said would be understood. */
export class Hangup extends Error {
  override readonly name = 'Hangup';
}
