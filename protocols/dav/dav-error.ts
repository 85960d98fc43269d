/**
 * A refusal that only makes sense on the wire: bad syntax, an unsupported report, a precondition of DAV.
 * Refusals of the domain are DomainError (src/errors.ts); the error handler of plugin.ts answers both.
 */

/** Ends a request with a status and, when given, one element inside DAV:error (RFC 4918 §16). */
export class DavError extends Error {
  override readonly name = 'DavError';
  readonly status: number;
  /** The precondition element, serialised with the fixed prefixes: `<D:supported-report/>`. */
  readonly condition: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, condition?: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.condition = condition;
    this.headers = headers;
  }
}

/** 400 with a sentence. */
export function badRequest(message: string): DavError {
  return new DavError(400, message);
}
