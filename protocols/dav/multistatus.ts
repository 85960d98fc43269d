/**
 * The 207 answer of many responses, written in pages.
 * RFC 4918 §13, §14.16, §14.24. Text is collected and leaves when a page is full: the caller awaits `page` between pages, which
 * waits for a slow reader and lets other requests run, so that 10,000 members are never one string in memory.
 * A small answer leaves in one write with its length.
 */
import type { FastifyReply } from 'fastify';
import { turn } from '../../src/slices.ts';
import type { Exchange } from './contract.ts';
import { DECLARATIONS } from './namespaces.ts';

/** Rows of one page of a listing. */
export const PAGE_ROWS = 500;
/** Characters that are worth a write of their own. */
const PAGE_CHARACTERS = 32 * 1024;

export const XML_CONTENT_TYPE = 'application/xml; charset=utf-8';
const HEAD = `<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus${DECLARATIONS}>`;

/** The client closed its connection while an answer was on its way; there is nobody left to tell. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

export class Multistatus {
  private readonly reply: FastifyReply;
  private text = HEAD;
  private begun = false;

  constructor(reply: FastifyReply) {
    this.reply = reply;
  }

  /** Adds finished `<D:response>` elements. */
  add(xml: string): void {
    this.text += xml;
  }

  /** Sends what was collected, if it is much; call it after at most PAGE_ROWS responses. Throws when the client has gone. */
  async page(): Promise<void> {
    if (this.text.length >= PAGE_CHARACTERS) await this.flush();
    await turn();
  }

  /** Ends the answer; `tail` goes before the closing tag, for example `<D:sync-token>`. */
  async end(tail = ''): Promise<void> {
    this.text += `${tail}</D:multistatus>`;
    if (this.begun) {
      this.reply.raw.end(this.text);
      return;
    }
    await this.reply.code(207).header('content-type', XML_CONTENT_TYPE).send(this.text);
  }

  private async flush(): Promise<void> {
    const { raw } = this.reply;
    if (!this.begun) {
      this.begun = true;
      this.reply.hijack();
      const headers = this.reply.getHeaders();
      raw.writeHead(207, { ...definedOnly(headers), 'content-type': XML_CONTENT_TYPE });
    }
    const text = this.text;
    this.text = '';
    if (raw.destroyed) throw new ClientGone();
    if (raw.write(text)) return;
    await new Promise<void>((resolve, reject) => {
      const drained = () => {
        raw.off('close', closed);
        resolve();
      };
      const closed = () => {
        raw.off('drain', drained);
        reject(new ClientGone());
      };
      raw.once('drain', drained);
      raw.once('close', closed);
    });
  }
}

function definedOnly(
  headers: Record<string, number | string | string[] | undefined>,
): Record<string, number | string | string[]> {
  const defined: Record<string, number | string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) defined[name] = value;
  return defined;
}

/** Starts an answer; nothing leaves before the first page, so that errors found until then have their own status. */
export function startMultistatus(exchange: Exchange): Multistatus {
  return new Multistatus(exchange.reply);
}

/** A response that carries a status instead of properties (RFC 4918 §14.24), and an error element when given. */
export function statusResponse(href: string, status: string, condition?: string): string {
  const error = condition === undefined ? '' : `<D:error>${condition}</D:error>`;
  return `<D:response><D:href>${href}</D:href><D:status>HTTP/1.1 ${status}</D:status>${error}</D:response>`;
}
