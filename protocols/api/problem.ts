/** Errors of the API as problem details: RFC 9457, RFC 6901 §6 (pointers as fragments). */
import { STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';

export interface Detail {
  /** `#/window/from`. */
  readonly pointer: string;
  readonly detail: string;
}

/** A refusal in the terms of HTTP. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  /** What follows `urn:convene:problem:`; '' when the status says it all. */
  readonly kind: string;
  readonly errors: readonly Detail[];

  constructor(status: number, kind: string, message: string, errors: readonly Detail[] = []) {
    super(message);
    this.status = status;
    this.kind = kind;
    this.errors = errors;
  }
}

export function sendProblem(reply: FastifyReply, { status, kind, message, errors }: Problem): FastifyReply {
  const title = STATUS_CODES[status] ?? 'Error';
  // RFC 9457 §4.2.1: about:blank means no more than the status.
  const type = kind === '' ? 'about:blank' : `urn:convene:problem:${kind}`;
  const body = { type, title, status, detail: message, ...(errors.length === 0 ? {} : { errors }) };
  return reply
    .code(status)
    .header('content-type', 'application/problem+json')
    .header('cache-control', 'no-store')
    .send(JSON.stringify(body));
}
