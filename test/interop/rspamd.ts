/**
 * A real rspamd: what it calls spam goes to Junk, and it learns from what people move. RSPAMD and RSPAMD_CONTROLLER are the URLs of
 * its workers, the second with its password, as CONVENE_RSPAMD and CONVENE_RSPAMD_CONTROLLER take them. rspamd 3 does not take the
 * password "q1" of its examples; without Redis its classifier needs `backend = "sqlite3"`.
 */
import { ImapFlow } from 'imapflow';
import { freePort } from '../support/server-process.ts';
import { SmtpClient } from '../support/smtp.ts';
import { interop, must } from './steps.ts';

const [smtp, imap] = await Promise.all([freePort(), freePort()]);
const controller = new URL(process.env['RSPAMD_CONTROLLER'] ?? 'http://127.0.0.1:11334');
/** The pattern that every spam filter knows. */
const GTUBE = 'XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X';

await interop(
  'rspamd',
  2,
  async ({ step, persons }) => {
    const [anna, bob] = persons as [(typeof persons)[number], (typeof persons)[number]];
    const send = async (subject: string, text: string, more = '') => {
      const client = await SmtpClient.connect(smtp);
      await client.command('EHLO client.example.net');
      await client.command('MAIL FROM:<ada@elsewhere.example>');
      for (const { name } of [anna, bob]) await client.command(`RCPT TO:<${name}@example.com>`);
      const header = `From: ada@elsewhere.example\r\nTo: ${anna.name}@example.com\r\nSubject: ${subject}\r\n${more}`;
      const reply = await client.data(`${header}Date: Thu, 1 Jan 2026 10:00:00 +0000\r\n\r\n${text}\r\n`);
      client.end();
      must(reply.startsWith('250'), reply);
    };
    const learned = async () => {
      const headers = { Password: decodeURIComponent(controller.password) };
      const answer = await fetch(`${controller.origin}/stat`, { headers });
      return ((await answer.json()) as { learned: number }).learned;
    };
    const client = new ImapFlow({
      host: '127.0.0.1',
      port: imap,
      secure: false,
      auth: { user: bob.name, pass: bob.password },
      logger: false,
      tls: { rejectUnauthorized: false },
    });
    await client.connect();
    const count = async (mailbox: string) => {
      const status = await client.status(mailbox, { messages: true });
      return status === false ? 0 : (status.messages ?? 0);
    };
    await step('spam goes to Junk', async () => {
      await send('Offer', GTUBE);
      must((await count('Junk')) === 1 && (await count('INBOX')) === 0, 'it is not in Junk');
    });
    await step('other mail goes to the inbox', async () => {
      for (const subject of ['Cheap watches', 'Lunch'])
        await send(subject, `${subject} for everybody who reads this message of ${Date.now()}, and some more words.`);
      must((await count('INBOX')) === 2, 'it is not there');
    });
    await step('a large mail is shown to it to its end', async () => {
      const attached = Buffer.from(Array.from({ length: 57 * 300_000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff)).toString(
        'base64',
      );
      const part = (type: string, text: string) => `--part\r\nContent-Type: ${type}\r\n${text}\r\n`;
      const body =
        part('text/plain', '\r\nSee below.') +
        part(
          'application/octet-stream',
          `Content-Transfer-Encoding: base64\r\n\r\n${attached.replace(/.{76}/g, '$&\r\n')}`,
        ) +
        part('text/plain', `\r\n${GTUBE}`);
      await send('Large', `${body}--part--`, 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=part\r\n');
      must((await count('Junk')) === 2, `Junk has ${await count('Junk')}`);
    });
    await step('it learns what is moved', async () => {
      const before = await learned();
      const until = async (total: number) => {
        for (let patience = 100; (await learned()) < total && patience > 0; patience--)
          await new Promise((resolve) => setTimeout(resolve, 100));
        must((await learned()) >= total, `it knows ${await learned()} messages instead of ${total}`);
      };
      const lock = await client.getMailboxLock('INBOX');
      await client.messageMove('1', 'Junk');
      await until(before + 1);
      lock.release();
      const junk = await client.getMailboxLock('Junk');
      await client.messageMove('3', 'INBOX');
      await until(before + 2);
      junk.release();
    });
    await client.logout();
  },
  {
    CONVENE_SMTP_PORT: `${smtp}`,
    CONVENE_IMAP_PORT: `${imap}`,
    CONVENE_RSPAMD: process.env['RSPAMD'] ?? 'http://127.0.0.1:11333',
    CONVENE_RSPAMD_CONTROLLER: controller.href,
  },
);
