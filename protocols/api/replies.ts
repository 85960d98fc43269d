/**
 * The JSON API of replies: /api/scheduling/replies, who was told of a meeting and who answered.
 * Elsewhere: the service (src/scheduling/reply-tracker.ts).
 */
import type { FastifyInstance } from 'fastify';
import type { ReplyTracker, TrackedReply } from '../../src/scheduling/reply-tracker.ts';
import { answerErrorsInJson, errorSchema, MAX_JSON } from './json-errors.ts';
import { readAddress } from './values.ts';

const time = { type: 'string', format: 'date-time' };
const text = (description: string) => ({ type: 'string', description });
const partstat = text('As RFC 5545 §3.2.12 names them.');
const message = {
  type: 'object',
  description: 'The last message; absent when none was sent.',
  properties: {
    method: { type: 'string', enum: ['REQUEST', 'ADD', 'CANCEL'] },
    sentAt: time,
    way: { type: 'string', enum: ['calendar', 'mail'] },
    state: {
      type: 'string',
      enum: ['queued', 'sent', 'delivered', 'delayed', 'bounced'],
      description: 'sent: the next mail server has it. delivered: the recipient has it.',
    },
    stateAt: time,
    detail: text('What another server said.'),
  },
};
const attendee = {
  type: 'object',
  properties: {
    address: text('A mail address, or another calendar user address.'),
    name: { type: 'string' },
    partstat,
    exceptions: {
      type: 'array',
      description: 'Instances that are answered differently.',
      items: { type: 'object', properties: { recurrenceId: text('RECURRENCE-ID as the event has it.'), partstat } },
    },
    message,
    answer: {
      type: 'object',
      description: 'How the last answer came; absent when none did, or when it does not hold any more.',
      properties: { partstat, via: { type: 'string', enum: ['calendar', 'mail', 'web'] }, at: time },
    },
  },
};
const query = {
  type: 'object',
  properties: {
    uid: { type: 'string', minLength: 1, maxLength: 1_000, description: 'UID of the event.' },
    organizer: {
      type: 'string',
      format: 'mail-address',
      maxLength: 320,
      description: 'Whose meeting it is; your own by default. Others let you act for them.',
    },
  },
  required: ['uid'],
  additionalProperties: false,
} as const;

/** Registers /api/scheduling/replies. */
export async function repliesApi(fastify: FastifyInstance, { tracker }: { tracker: ReplyTracker }): Promise<void> {
  answerErrorsInJson(fastify);
  fastify.get<{ Querystring: { uid: string; organizer?: string } }>(
    '/api/scheduling/replies',
    {
      schema: {
        tags: ['scheduling'],
        summary: 'Tells who was told of a meeting, and who answered',
        querystring: query,
        response: {
          200: {
            type: 'object',
            properties: {
              uid: { type: 'string' },
              summary: { type: 'string' },
              attendees: { type: 'array', items: attendee },
            },
          },
          '4xx': errorSchema,
        },
      },
      bodyLimit: MAX_JSON,
    },
    async ({ principal, query: { uid, organizer } }) => {
      const address = organizer === undefined ? undefined : (readAddress(organizer) ?? organizer);
      const { icalUid, summary, attendees } = await tracker.of(principal, uid, address);
      return { uid: icalUid, summary, attendees: attendees.map(replyJson) };
    },
  );
}

function replyJson({ attendee: address, message: sent, answer, ...rest }: TrackedReply) {
  return {
    address,
    ...rest,
    message: sent && { ...sent, sentAt: printed(sent.sentAt), stateAt: printed(sent.stateAt) },
    answer: answer && { ...answer, at: printed(answer.at) },
  };
}

function printed(at: number): string {
  return new Date(at).toISOString();
}
