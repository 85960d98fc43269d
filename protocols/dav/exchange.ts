/**
 * One request on its way through the DAV server: what every method, property and report is given.
 * Elsewhere: how it comes about (plugin.ts), the answers (multistatus.ts, members.ts).
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Changes } from '../../src/collections/changes.ts';
import type { Collections } from '../../src/collections/collections.ts';
import type { Principal } from '../../src/principals/access.ts';
import type { Directory } from '../../src/principals/directory.ts';
import type { DavExtension } from './extension.ts';
import type { LiveProperties } from './properties.ts';
import type { Report } from './report.ts';

/** What the DAV server is made of, the same for all requests. */
export interface DavServer {
  readonly collections: Collections;
  readonly changes: Changes;
  readonly directory: Directory;
  readonly extensions: readonly DavExtension[];
  readonly properties: LiveProperties;
  readonly reports: readonly Report[];
}

/** Who asks, and of whom. */
export interface Exchange {
  readonly server: DavServer;
  readonly viewer: Principal;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export type Depth = 0 | 1 | 'infinity';
