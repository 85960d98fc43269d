/** Somebody who goes on working while others misbehave, and how long the slowest answer took. */
import { availableParallelism, loadavg } from 'node:os';
import type { MailServer } from './mail-server.ts';
import { letter } from './mail-server.ts';

/** The promise to bystanders, in milliseconds; more when the machine has more to do than this test. */
export function bystanderPatience(): number {
  return 1_000 * Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
}

let bystanders = 0;

export interface Bystander {
  /** Ends it; the slowest answer in milliseconds, and how many messages were sent. */
  stop(): Promise<{ slowest: number; sent: number }>;
}

/** Carol sends messages to herself, one after the other, on one connection. */
export async function bystander(server: MailServer): Promise<Bystander> {
  const carol = await server.addUser(`carol${++bystanders}`);
  const client = await server.talk('submission', carol);
  let slowest = 0;
  let sent = 0;
  let going = true;
  const work = (async () => {
    while (going) {
      const began = performance.now();
      await client.commands(`MAIL FROM:<${carol.address}>`, `RCPT TO:<${carol.address}>`);
      const reply = await client.data(letter(carol.address, `Bystander ${sent}`));
      if (!reply.startsWith('250')) throw new Error(`the bystander was told ${reply}`);
      slowest = Math.max(slowest, performance.now() - began);
      sent++;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  work.catch(() => {});
  return {
    async stop() {
      going = false;
      await work;
      client.end();
      return { slowest, sent };
    },
  };
}
