/**
 * Managed attachments over HTTP: POST on a calendar object with an action, and GET of an attachment.
 * RFC 8607 §3.2 (parameters), §3.3 to §3.6 (actions, answers), §3.11 (preconditions), §5 (Cal-Managed-ID); RFC 6266.
 * Octets of any type in; the answer is empty or, with Prefer: return=representation, the object.
 * Elsewhere: what an action does (src/calendar/attachments.ts).
 */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Targets } from '../../src/calendar/attachment-property.ts';
import { type AttachmentChange, type Attachments, MAX_ATTACHMENT_OCTETS } from '../../src/calendar/attachments.ts';
import { DomainError } from '../../src/errors.ts';
import { preconditionOf } from '../dav/conditional.ts';
import type { Exchange, MemberResource, Resource } from '../dav/contract.ts';
import { DavError } from '../dav/dav-error.ts';
import { encodeSegment, homeHref } from '../dav/hrefs.ts';
import { prefersRepresentation } from '../dav/preferences.ts';
import { sendOutcome } from '../dav/representation.ts';

const ACTIONS = ['attachment-add', 'attachment-update', 'attachment-remove'] as const;
type Action = (typeof ACTIONS)[number];

/** Instances that one request may name. */
const MAX_TARGETS = 100;
const MAX_FILE_NAME = 200;

/** Answers POST on a calendar object; false for every other resource. */
export function attachmentActions(attachments: Attachments) {
  return async (exchange: Exchange, resource: Resource, body: Buffer): Promise<boolean> => {
    if (resource.kind !== 'member') return false;
    const parameters = new URLSearchParams(exchange.request.url.split('?', 2)[1] ?? '');
    const action = ACTIONS.find((known) => known === parameters.get('action'));
    if (action === undefined || parameters.getAll('action').length > 1) {
      throw new DavError(403, 'The action is attachment-add, -update or -remove.', '<C:valid-action/>');
    }
    try {
      await act(exchange, resource, attachments, action, parameters, body);
    } catch (error) {
      // Which action an attendee may not do, is told by the name of the condition.
      if (!(error instanceof DomainError) || error.code !== 'attachment-of-organizer') throw error;
      throw new DavError(403, error.message, `<C:valid-${action}/>`);
    }
    return true;
  };
}

async function act(
  exchange: Exchange,
  resource: MemberResource,
  attachments: Attachments,
  action: Action,
  parameters: URLSearchParams,
  body: Buffer,
): Promise<void> {
  const { collection, member } = resource;
  const targets = targetsOf(parameters);
  const managedIds = parameters.getAll('managed-id');
  const [managedId = ''] = managedIds;
  // RFC 8607 §3.11: an added one has no id yet, the others name exactly one.
  if (managedIds.length !== (action === 'attachment-add' ? 0 : 1)) {
    throw new DomainError(
      'invalid-managed-id',
      `${action} takes ${action === 'attachment-add' ? 'no' : 'one'} managed-id.`,
    );
  }
  if (action === 'attachment-update' && targets !== undefined) {
    throw new DomainError('invalid-rid', 'An attachment is replaced wherever it is.');
  }
  const check = await preconditionOf(exchange);
  let change: AttachmentChange;
  switch (action) {
    case 'attachment-add':
      change = await attachments.add(collection, member.name, targets, uploadOf(exchange, resource, body), check);
      break;
    case 'attachment-update':
      change = await attachments.update(collection, member.name, managedId, uploadOf(exchange, resource, body), check);
      break;
    case 'attachment-remove':
      change = await attachments.remove(collection, member.name, targets, managedId, check);
      break;
  }
  await answer(exchange, resource, change, action === 'attachment-add' ? 201 : 200);
}

async function answer(
  exchange: Exchange,
  resource: MemberResource,
  { put, octets, attachment }: AttachmentChange,
  status: number,
): Promise<void> {
  const { reply } = exchange;
  if (attachment !== undefined) {
    reply.header('cal-managed-id', attachment.managedId);
    reply.header('location', attachment.uri);
  }
  if (!prefersRepresentation(exchange)) {
    await reply.code(status === 200 ? 204 : status).send();
    return;
  }
  reply.code(status);
  await sendOutcome(exchange, { ...resource, member: put.member }, octets);
}

/** RFC 8607 §3.2.2: comma-separated; absent means everything. */
function targetsOf(parameters: URLSearchParams): Targets {
  const rids = parameters.getAll('rid');
  if (rids.length === 0) return undefined;
  const targets = rids.flatMap((rid) => rid.split(','));
  if (targets.length > MAX_TARGETS || targets.includes('')) {
    throw new DomainError('invalid-rid', `rid names at most ${MAX_TARGETS} instances, none of them empty.`);
  }
  return [...new Set(targets)];
}

function uploadOf({ request }: Exchange, { collection }: MemberResource, octets: Buffer) {
  const fileName = fileNameOf(String(request.headers['content-disposition'] ?? ''));
  const base = `${request.publicOrigin}${homeHref('calendars', collection.owner.name)}dropbox/`;
  return {
    octets,
    mediaType: mediaTypeOf(request.headers['content-type'] ?? ''),
    fileName,
    uriOf: (managedId: string) => `${base}${managedId}/${encodeSegment(fileName)}`,
  };
}

function mediaTypeOf(header: string): string {
  const type = /^\s*([a-z0-9!#$&^_.+-]{1,60}\/[a-z0-9!#$&^_.+-]{1,60})\s*(?:;|$)/i.exec(header)?.[1];
  return type?.toLowerCase() ?? 'application/octet-stream';
}

/** RFC 6266 §4.3: filename* before filename. A path is not taken over, and nothing that a header or a line cannot carry. */
function fileNameOf(header: string): string {
  const extended = /;\s*filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i.exec(header)?.[1];
  const plain = /;\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(header);
  let name = plain?.[1]?.replace(/\\(.)/g, '$1') ?? plain?.[2] ?? '';
  // Node hands header octets over as Latin-1; clients send UTF-8.
  name = Buffer.from(name, 'latin1').toString('utf8');
  if (extended !== undefined) {
    try {
      name = decodeURIComponent(extended);
    } catch {
      // The plain one is used.
    }
  }
  const base = name
    .split(/[/\\]/)
    .at(-1)!
    .replace(/[\x00-\x1f\x7f\ufffd\ufffe\uffff]/g, '')
    .trim();
  const short = [...base].slice(0, MAX_FILE_NAME).join('');
  return short === '' || short === '.' || short === '..' ? 'attachment' : short;
}

/** Serves attachments, and refuses everything else below `dropbox`. */
export function attachmentRoutes(attachments: Attachments) {
  return (fastify: FastifyInstance): void => {
    const url = '/dav/calendars/:owner/dropbox/*';
    const get = (request: FastifyRequest, reply: FastifyReply) => serve(attachments, request, reply);
    fastify.route({ method: ['GET', 'HEAD'], url, exposeHeadRoute: false, handler: get });
    fastify.route({
      method: 'OPTIONS',
      url,
      handler: (_request, reply) => reply.code(200).header('allow', 'OPTIONS, GET, HEAD').send(),
    });
    const others = fastify.supportedMethods.filter((method) => !['GET', 'HEAD', 'OPTIONS'].includes(method));
    fastify.route({
      method: others,
      url,
      bodyLimit: MAX_ATTACHMENT_OCTETS,
      handler: () => {
        throw new DomainError('forbidden', 'Attachments come and go with calendar objects.');
      },
    });
  };
}

async function serve(attachments: Attachments, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const rest = (request.params as { '*': string })['*'];
  const row = await attachments.find(request.principal, rest.split('/', 1)[0] ?? '');
  const etag = `"${row.managedId}"`;
  reply.header('etag', etag).header('cache-control', 'private, max-age=31536000, immutable');
  if (request.headers['if-none-match']?.includes(etag)) return reply.code(304).send();
  // A page or picture with scripts is handed over as a file; http.ts adds nosniff and a sandbox.
  reply
    .header('content-type', row.mediaType)
    .header('content-length', row.size)
    .header('content-disposition', `attachment; filename*=UTF-8''${encodeSegment(row.fileName)}`);
  if (request.method === 'HEAD') return reply.send();
  return reply.send(Readable.from(attachments.read(row), { objectMode: false }));
}
