/**
 * Judges request bodies against the schemas that the OpenAPI document shows: how Fastify's validator is set up for JSON, and its
 * findings as problem details.
 * JSON Schema by the Ajv of Fastify. Elsewhere: the schemas (schemas.ts), the answer to a refusal (problem.ts).
 */
import type { FastifySchemaValidationError } from 'fastify';
import { findTimeZone } from '../../src/calendar/time-zones.ts';
import { type Detail, Problem } from './problem.ts';
import { readAddress, readTime } from './values.ts';

/** Problems told of one body. */
const MAX_DETAILS = 20;

/** For Fastify: values are taken as they are typed, or refused; every problem is named, within the bounds of the schemas. */
export const JSON_VALIDATION = {
  coerceTypes: false,
  removeAdditional: false,
  useDefaults: true,
  allErrors: true,
  // Where OpenAPI keeps schemas.
  keywords: ['components'],
  formats: {
    'time-or-local-time': (text: string) => readTime(text, (local) => local) !== undefined,
    'mail-address': (text: string) => readAddress(text) !== undefined,
    'time-zone': (text: string) => findTimeZone(text) !== undefined,
  },
};

/** The refusal of a body that is not what its schema says, with every place that is wrong. */
export function refusalOf(errors: readonly FastifySchemaValidationError[]): Problem {
  const sentence = 'The request does not fit its description in /api/openapi.json.';
  return new Problem(422, 'invalid-request', sentence, detailsOf(errors));
}

function detailsOf(errors: readonly FastifySchemaValidationError[]): Detail[] {
  const found = new Map<string, Detail>();
  for (const error of errors) {
    const detail = { pointer: `#${pointerOf(error)}`, detail: sentenceOf(error) };
    found.set(`${detail.pointer} ${detail.detail}`, detail);
    if (found.size === MAX_DETAILS) break;
  }
  return [...found.values()];
}

/** The place itself, also of what is missing or not expected there. */
function pointerOf({ instancePath, keyword, params }: FastifySchemaValidationError): string {
  const name: unknown =
    keyword === 'required'
      ? params['missingProperty']
      : keyword === 'additionalProperties'
        ? params['additionalProperty']
        : undefined;
  const path = name === undefined ? instancePath : `${instancePath}/${escapePointer(String(name))}`;
  // RFC 6901 §6: percent-encoded as a fragment.
  return encodeURI(path.replace(/\p{Surrogate}/gu, '\ufffd'));
}

function escapePointer(name: string): string {
  return name.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1');
}

const FORMAT_WORDS: Readonly<Record<string, string>> = {
  'time-or-local-time': 'must be a time like 2026-03-02T10:00:00+01:00, or 2026-03-02T10:00 on the clock of timeZone',
  'mail-address': 'must be an address like anna@example.org',
  'time-zone': 'must be the name of a time zone, like Europe/Paris',
};

function sentenceOf({ keyword, params, message = 'is wrong' }: FastifySchemaValidationError): string {
  switch (keyword) {
    case 'required':
      return 'is missing';
    case 'additionalProperties':
      return 'is not known';
    case 'format':
      return FORMAT_WORDS[String(params['format'])] ?? message;
    default:
      return message;
  }
}
