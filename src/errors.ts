/**
 * The errors of the domain: what services throw when they refuse.
 * Nothing here knows a protocol; protocols/error-replies.ts turns each code into every protocol's answer.
 */

/** Every reason a service may refuse for. A new code does not compile until each protocol has an answer to it. */
export type ErrorCode =
  | 'not-found'
  | 'gone'
  | 'already-exists'
  | 'authentication-failed'
  | 'second-factor-required'
  | 'encryption-required'
  | 'too-many-attempts'
  | 'forbidden'
  | 'etag-mismatch'
  | 'uid-conflict'
  | 'invalid-data'
  | 'invalid-object'
  | 'unsupported-media-type'
  | 'unsupported-component'
  | 'unsupported-filter'
  | 'unsupported-collation'
  | 'invalid-filter'
  | 'invalid-time-zone'
  | 'unknown-time-zone'
  | 'parent-missing'
  | 'too-large'
  | 'over-quota'
  | 'storage-full'
  | 'date-out-of-range'
  | 'too-many-instances'
  | 'too-many-attendees'
  | 'unsupported-recurrence-scale'
  | 'invalid-managed-id'
  | 'invalid-rid'
  | 'attachment-too-large'
  | 'too-many-attachments'
  | 'attachment-of-organizer'
  | 'too-many-results'
  | 'limit-exceeded'
  | 'sync-token-invalid'
  | 'in-use'
  | 'unavailable';

/** What a protocol may need to name beyond the code. */
export interface ErrorDetails {
  /** The resource in the way, for uid-conflict: its name within the same collection. */
  name?: string;
  /** A limit that was passed, in the unit of its message. */
  limit?: number;
  /** Seconds until another attempt makes sense. */
  retryAfter?: number;
  /** The side a date passed: before the earliest or after the latest. */
  bound?: 'min' | 'max';
}

/** A refusal with a code from the closed list, a sentence for people, and details. */
export class DomainError extends Error {
  override readonly name = 'DomainError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}
