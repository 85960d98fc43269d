/** A stand-in for rspamd: says what a test wants of messages, and keeps what it was told. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AskedOf {
  readonly path: string;
  /** All values of each. */
  readonly headers: NodeJS.Dict<string[]>;
  readonly octets: string;
}

export interface FakeRspamd {
  readonly url: string;
  readonly requests: AskedOf[];
  /** A status and a body, 'hang' for no answer. May be changed at any time. */
  answer: (request: AskedOf) => readonly [status: number, body: unknown] | 'hang';
  /** All requests as soon as there are `count`. */
  asked(count: number): Promise<AskedOf[]>;
}

export async function startFakeRspamd(
  t: { teardown(fn: () => void): void },
  answer: FakeRspamd['answer'],
): Promise<FakeRspamd> {
  const requests: AskedOf[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const pieces: Buffer[] = [];
    for await (const piece of incoming) pieces.push(piece as Buffer);
    const { url: path = '', headersDistinct: headers, method } = incoming;
    const request = { path: `${method} ${path}`, headers, octets: Buffer.concat(pieces).toString('latin1') };
    requests.push(request);
    const given = fake.answer(request);
    if (given === 'hang') return;
    outgoing.writeHead(given[0], { 'Content-Type': 'application/json' }).end(JSON.stringify(given[1]));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const fake: FakeRspamd = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer,
    async asked(count) {
      for (let patience = 400; requests.length < count && patience > 0; patience--)
        await new Promise((resolve) => setTimeout(resolve, 25));
      return requests;
    },
  };
  return fake;
}
