/**
 * Plain collections and notifications as what DAV serves: files of any type, octet for octet.
 * RFC 4918 §5.2, RFC 9110 §8.3 (the media type is the one they were put with).
 * Services in, a DavExtension out. Elsewhere: their storage (src/collections/files.ts).
 */
import { type Files, MAX_FILE_OCTETS } from '../../src/collections/files.ts';
import type { FileRow, MemberRow } from '../../storage/store.ts';
import type { DavExtension } from './contract.ts';

const DEFAULT_TYPE = 'application/octet-stream';
/** A media type that can stand in a header again. */
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:\s*;[\t\x20-\x7e]*)?$/;

export function filesExtension(files: Files): DavExtension {
  return {
    kind: 'plain',
    namespace: '',
    resourceType: '',
    tokens: [],
    members: files,
    memberSuffix: '',
    contentType: (member) => typeOf(member),
    properties: [],
    reports: [],
    maxResourceSize: MAX_FILE_OCTETS,
    textOf: (body) => body,
    // What a browser would run must not run in the name of this server.
    memberHeaders: () => ({
      'content-security-policy': "sandbox; default-src 'none'",
      'content-disposition': 'attachment',
    }),
    refusal: ({ code }) => (code === 'too-large' ? { status: 413 } : undefined),
  };
}

function typeOf(member: MemberRow): string {
  const { contentType } = member as FileRow;
  return contentType !== undefined && MEDIA_TYPE.test(contentType) ? contentType : DEFAULT_TYPE;
}
