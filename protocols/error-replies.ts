/**
 * What each protocol answers to an error of the domain (src/errors.ts): one table, complete for every code.
 * RFC 4918 §11 and §16 (DAV), RFC 9051 §7.1 with RFC 5530 (IMAP), RFC 5321 §4.2 with RFC 3463 (SMTP), RFC 2449 §8 (POP3).
 * Elsewhere: conditions in the namespaces of CalDAV and CardDAV, and those that need an href (each extension's `condition`);
 * syntax errors, which every protocol answers itself.
 */
import type { ErrorCode } from '../src/errors.ts';

/** A status and, where the RFC names one, the element inside DAV:error with the fixed prefix `D`. */
export interface DavReply {
  readonly status: number;
  readonly condition?: string;
}

/** One row. `null`: the protocol has no operation that can end this way. */
export interface ErrorReply {
  readonly dav: DavReply;
  /** Response code and no sentence: `NO [NOPERM] …`. */
  readonly imap: string | null;
  /** Reply code and enhanced status code. */
  readonly smtp: readonly [code: number, enhanced: string] | null;
  /** Response code in brackets, or '' for a bare -ERR. */
  readonly pop3: string | null;
  /** HTTP status of JSON answers. */
  readonly json: number;
}

const CONTENT: Omit<ErrorReply, 'dav'> = { imap: 'CANNOT', smtp: [554, '5.6.0'], pop3: null, json: 422 };
const DAV_ONLY = { imap: null, smtp: null, pop3: null } as const;

export const errorReplies: Readonly<Record<ErrorCode, ErrorReply>> = {
  // RFC 9051 §7.1 NONEXISTENT; APPEND, COPY and MOVE answer TRYCREATE instead.
  'not-found': { dav: { status: 404 }, imap: 'NONEXISTENT', smtp: [550, '5.1.1'], pop3: '', json: 404 },
  // RFC 9110 §15.5.11: it was there, and whoever follows it may forget it.
  gone: { dav: { status: 410 }, imap: 'NONEXISTENT', smtp: [550, '5.1.1'], pop3: '', json: 410 },
  // RFC 5689 §3.5; RFC 4791 §5.3.1.2. Plain MKCOL answers 405 (RFC 4918 §9.3.1).
  'already-exists': {
    dav: { status: 403, condition: '<D:resource-must-be-null/>' },
    imap: 'ALREADYEXISTS',
    smtp: null,
    pop3: null,
    json: 409,
  },
  // RFC 9110 §15.5.2; RFC 5530 §3; RFC 4954 §6; RFC 3206 §4.
  'authentication-failed': {
    dav: { status: 401 },
    imap: 'AUTHENTICATIONFAILED',
    smtp: [535, '5.7.8'],
    pop3: 'AUTH',
    json: 401,
  },
  // Only the web asks for a code; protocols that cannot ask say that the log-in failed.
  'second-factor-required': {
    dav: { status: 401 },
    imap: 'AUTHENTICATIONFAILED',
    smtp: [535, '5.7.8'],
    pop3: 'AUTH',
    json: 401,
  },
  // RFC 5530 §3 PRIVACYREQUIRED; RFC 4954 §6 asks for 538, which RFC 3207 §4 replaced by 530 in practice.
  'encryption-required': {
    dav: { status: 403 },
    imap: 'PRIVACYREQUIRED',
    smtp: [530, '5.7.0'],
    pop3: '',
    json: 403,
  },
  // RFC 6585 §4; RFC 4954 §4.7.0 (454); RFC 2449 §8.1.1 LOGIN-DELAY.
  'too-many-attempts': {
    dav: { status: 429 },
    imap: 'UNAVAILABLE',
    smtp: [454, '4.7.0'],
    pop3: 'LOGIN-DELAY',
    json: 429,
  },
  // RFC 3744 §7.1.1; RFC 5530 §3 NOPERM.
  forbidden: {
    dav: { status: 403, condition: '<D:need-privileges/>' },
    imap: 'NOPERM',
    smtp: [550, '5.7.1'],
    pop3: '',
    json: 403,
  },
  // RFC 9110 §15.5.13. IMAP STORE answers OK [MODIFIED] instead (RFC 7162 §3.1.3).
  'etag-mismatch': { dav: { status: 412 }, ...DAV_ONLY, json: 412 },
  // RFC 4791 §5.3.2.1, RFC 6352 §6.3.2.1: no-uid-conflict with the href of the other.
  'uid-conflict': { dav: { status: 409 }, ...DAV_ONLY, json: 409 },
  // RFC 4791 §5.3.2.1 valid-calendar-data; RFC 6352 §6.3.2.1 valid-address-data.
  'invalid-data': { dav: { status: 403 }, ...CONTENT },
  // RFC 4791 §5.3.2.1 valid-calendar-object-resource.
  'invalid-object': { dav: { status: 403 }, ...CONTENT },
  // RFC 4791 §5.3.2.1 supported-calendar-data; RFC 6352 §6.3.2.1 supported-address-data.
  'unsupported-media-type': { dav: { status: 415 }, ...CONTENT, json: 415 },
  // RFC 4791 §5.3.2.1 supported-calendar-component.
  'unsupported-component': { dav: { status: 403 }, ...DAV_ONLY, json: 422 },
  // RFC 4791 §7.8 supported-filter, supported-collation, valid-filter; RFC 6352 §8.6 likewise.
  'unsupported-filter': { dav: { status: 403 }, ...DAV_ONLY, json: 422 },
  'unsupported-collation': { dav: { status: 403 }, imap: 'BADCOMPARATOR', smtp: null, pop3: null, json: 422 },
  'invalid-filter': { dav: { status: 403 }, ...DAV_ONLY, json: 422 },
  // RFC 4791 §5.3.1.2 valid-calendar-data of a calendar-timezone.
  'invalid-time-zone': { dav: { status: 403 }, ...DAV_ONLY, json: 422 },
  // RFC 7809 §5.1 valid-timezone.
  'unknown-time-zone': { dav: { status: 403 }, ...CONTENT },
  // RFC 4918 §9.3.1, §9.7.1, §9.8.5.
  'parent-missing': { dav: { status: 409 }, imap: 'NONEXISTENT', smtp: null, pop3: null, json: 409 },
  // RFC 4791 §5.3.2.1 max-resource-size; RFC 4469 §4.2 TOOBIG; RFC 1870 §6.1.
  'too-large': { dav: { status: 403 }, imap: 'TOOBIG', smtp: [552, '5.3.4'], pop3: null, json: 413 },
  // RFC 4331 §6; RFC 9208 §4.3.1 OVERQUOTA.
  'over-quota': {
    dav: { status: 507, condition: '<D:quota-not-exceeded/>' },
    imap: 'OVERQUOTA',
    smtp: [452, '4.2.2'],
    pop3: null,
    json: 507,
  },
  // RFC 4791 §5.3.2.1 and §7.8: min-date-time, max-date-time, max-instances, max-attendees-per-instance.
  // RFC 4331 §6 sufficient-disk-space; RFC 5530 §3 UNAVAILABLE; RFC 3463 §3.4 X.3.1 mail system full: later may be better.
  'storage-full': {
    dav: { status: 507, condition: '<D:sufficient-disk-space/>' },
    imap: 'UNAVAILABLE',
    smtp: [452, '4.3.1'],
    pop3: 'SYS/TEMP',
    json: 507,
  },
  'date-out-of-range': { dav: { status: 403 }, ...DAV_ONLY, json: 422 },
  'too-many-instances': { dav: { status: 403 }, ...DAV_ONLY, json: 422 },
  'too-many-attendees': { dav: { status: 403 }, ...DAV_ONLY, json: 422 },
  // RFC 7529 §5 supported-rscale.
  'unsupported-recurrence-scale': { dav: { status: 403 }, ...DAV_ONLY, json: 422 },
  // RFC 8607 §3.11: valid-managed-id, valid-rid, max-attachment-size, max-attachments-per-resource.
  'invalid-managed-id': { dav: { status: 403 }, ...DAV_ONLY, json: 422 },
  'invalid-rid': { dav: { status: 403 }, ...DAV_ONLY, json: 422 },
  'attachment-too-large': { dav: { status: 403 }, ...DAV_ONLY, json: 413 },
  'too-many-attachments': { dav: { status: 403 }, ...DAV_ONLY, json: 422 },
  'attachment-of-organizer': { dav: { status: 403 }, ...DAV_ONLY, json: 403 },
  // RFC 5323 §5.17.1 and RFC 3744 §9 (number-of-matches-within-limits, defined in RFC 3744 §8.1.1).
  'too-many-results': {
    dav: { status: 507, condition: '<D:number-of-matches-within-limits/>' },
    imap: 'LIMIT',
    smtp: null,
    pop3: null,
    json: 422,
  },
  // RFC 5530 §3 LIMIT; RFC 5321 §4.5.3.1.10.
  'limit-exceeded': { dav: { status: 403 }, imap: 'LIMIT', smtp: [452, '4.5.3'], pop3: null, json: 422 },
  // RFC 6578 §3.2.
  'sync-token-invalid': { dav: { status: 403, condition: '<D:valid-sync-token/>' }, ...DAV_ONLY, json: 410 },
  // RFC 4918 §11.3; RFC 5530 §3 INUSE; RFC 2449 §8.1.2.
  'in-use': { dav: { status: 423 }, imap: 'INUSE', smtp: [450, '4.2.0'], pop3: 'IN-USE', json: 409 },
  // RFC 9110 §15.6.4; RFC 5530 §3 UNAVAILABLE; RFC 3206 §3.
  unavailable: { dav: { status: 503 }, imap: 'UNAVAILABLE', smtp: [451, '4.3.0'], pop3: 'SYS/TEMP', json: 503 },
};

/** The answer to anything that is not a DomainError: a bug, logged by who answers. */
export const unexpectedReply: ErrorReply = {
  dav: { status: 500 },
  imap: 'SERVERBUG',
  smtp: [451, '4.3.0'],
  pop3: 'SYS/TEMP',
  json: 500,
};
