/**
 * Stock mailers send, to people here and through the relay: swaks, msmtp, gsasl, mutt, curl and nodemailer, in the clear on loopback,
 * with STARTTLS and with implicit TLS; imapflow reads what arrived. The octets of a MIME message arrive unchanged.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ImapFlow } from 'imapflow';
import { createTransport } from 'nodemailer';
import { FakeMx } from '../support/fake-mx.ts';
import { freePort } from '../support/server-process.ts';
import { startTokenIssuer, trusting } from '../support/token-issuer.ts';
import { interop, must, program } from './steps.ts';

const [submission, submissions, smtp, lmtp, imap] = await Promise.all([1, 2, 3, 4, 5].map(() => freePort()));
const relay = await FakeMx.listen({ teardown: () => {} }, { extensions: ['8BITMIME', 'SMTPUTF8', 'SIZE'] });

const issuer = await startTokenIssuer({ teardown: () => {} });

const ATTACHMENT = Buffer.from(Array.from({ length: 5_000 }, (_, i) => (i * 31) & 255));
const BODY = 'Grüße aus Köln.\r\n.\r\n..two dots\r\nFrom the start\r\n';

await interop(
  'SMTP clients',
  3,
  async ({ step, persons, work }) => {
    const [anna, bob] = persons as [(typeof persons)[number], (typeof persons)[number]];
    const from = `${anna.name}@example.com`;
    const to = `${bob.name}@example.com`;
    let expected = 0;

    async function inbox(count: number): Promise<{ subject: string; source: string }[]> {
      const client = new ImapFlow({
        host: '127.0.0.1',
        port: imap as number,
        secure: false,
        auth: { user: bob.name, pass: bob.password },
        logger: false,
        tls: { rejectUnauthorized: false },
      });
      await client.connect();
      try {
        const lock = await client.getMailboxLock('INBOX');
        const got: { subject: string; source: string }[] = [];
        try {
          for await (const message of client.fetch('1:*', { envelope: true, source: true }))
            got.push({ subject: message.envelope?.subject ?? '', source: message.source?.toString('utf8') ?? '' });
        } finally {
          lock.release();
        }
        must(got.length === count, `${got.length} messages and not ${count} are in INBOX`);
        return got;
      } finally {
        await client.logout();
      }
    }

    const arrives = async (subject: string, part: string): Promise<void> => {
      const found = (await inbox(++expected)).at(-1);
      must(found?.subject === subject, `the subject is "${found?.subject}"`);
      must(found.source.includes(part), `the message does not hold ${JSON.stringify(part)}`);
    };

    const swaks = (...words: string[]) =>
      program('swaks', [
        '--server',
        '127.0.0.1',
        '--from',
        from,
        '--to',
        to,
        '--body',
        'By swaks',
        '--hide-all',
        ...words,
      ]);
    const login = ['--auth-user', anna.name, '--auth-password', anna.password];
    const SWAKS: readonly [name: string, words: string[]][] = [
      ['swaks, PLAIN in the clear', ['--port', `${submission}`, '--auth', 'PLAIN', ...login]],
      ['swaks, LOGIN after STARTTLS', ['--port', `${submission}`, '--tls', '--auth', 'LOGIN', ...login]],
      ['swaks, PLAIN with implicit TLS', ['--port', `${submissions}`, '--tls-on-connect', '--auth', 'PLAIN', ...login]],
      ['swaks, piped', ['--port', `${submission}`, '--pipeline', '--auth', 'PLAIN', ...login]],
      ['swaks, inbound', ['--port', `${smtp}`]],
      ['swaks, inbound after STARTTLS', ['--port', `${smtp}`, '--tls']],
      ['swaks, LMTP', ['--port', `${lmtp}`, '--protocol', 'LMTP']],
    ];
    for (const [name, words] of SWAKS)
      await step(name, async () => {
        await swaks('--header', `Subject: ${name}`, ...words);
        await arrives(name, 'By swaks');
      });
    await step('swaks is refused with another sender, without a log-in, and for a stranger', async () => {
      for (const words of [
        ['--port', `${submission}`, '--auth', 'PLAIN', ...login, '--from', to],
        ['--port', `${submission}`],
        ['--port', `${smtp}`, '--to', 'x@example.net'],
      ]) {
        const refused = await swaks(...words).then(
          () => false,
          () => true,
        );
        must(refused, words.join(' '));
      }
    });

    await step('msmtp, STARTTLS and implicit TLS', async () => {
      for (const [port, starts] of [
        [submission, 'on'],
        [submissions, 'off'],
      ] as const) {
        const words = [
          '--host=127.0.0.1',
          `--port=${port}`,
          `--tls-starttls=${starts}`,
          '--tls=on',
          '--tls-certcheck=off',
        ];
        await program(
          'msmtp',
          [...words, '--auth=on', `--user=${anna.name}`, `--passwordeval=echo ${anna.password}`, `--from=${from}`, to],
          {
            input: `From: ${from}\nTo: ${to}\nSubject: msmtp ${starts}\n\nBy msmtp\n.dot\n`,
          },
        );
        await arrives(`msmtp ${starts}`, '\r\n\r\nBy msmtp\r\n.dot\r\n');
      }
    });

    await step('msmtp by SCRAM-SHA-256, and refused with another password', async () => {
      const words = [
        '--host=127.0.0.1',
        `--port=${submissions}`,
        '--tls=on',
        '--tls-starttls=off',
        '--tls-certcheck=off',
      ];
      const send = (password: string) =>
        program(
          'msmtp',
          [
            ...words,
            '--auth=scram-sha-256',
            `--user=${anna.name}`,
            `--passwordeval=echo ${password}`,
            `--from=${from}`,
            to,
          ],
          { input: `From: ${from}\nTo: ${to}\nSubject: msmtp proves\n\nBy msmtp\n` },
        );
      await send(anna.password);
      await arrives('msmtp proves', 'By msmtp');
      must(
        await send('another').then(
          () => false,
          () => true,
        ),
        'the password does not matter',
      );
    });

    await step('gsasl by SCRAM-SHA-256 over IMAP and submission, and refused with another password', async () => {
      for (const [protocol, port] of [
        ['--imap', imap],
        ['--smtp', submission],
      ] as const) {
        const prove = (password: string) =>
          program(
            'gsasl',
            [
              protocol,
              '--mechanism=SCRAM-SHA-256',
              '--no-starttls',
              '--no-cb',
              '--quality-of-protection=qop-auth',
              `--connect=127.0.0.1:${port}`,
              `--authentication-id=${anna.name}`,
              '--authorization-id=',
              `--password=${password}`,
            ],
            { input: '' },
          );
        await prove(anna.password);
        must(
          await prove('another').then(
            () => false,
            () => true,
          ),
          `${protocol}: the password does not matter`,
        );
      }
    });

    await step('mutt with an attachment', async () => {
      writeFileSync(join(work, 'attached.bin'), ATTACHMENT);
      const settings = [
        `set from=${from}`,
        `set smtp_url=smtp://${anna.name}:${anna.password}@127.0.0.1:${submission}/`,
        'set ssl_starttls=no',
        'set ssl_force_tls=no',
        'set smtp_authenticators=plain',
        'set copy=no',
      ];
      await program(
        'mutt',
        [
          '-n',
          '-F',
          '/dev/null',
          ...settings.flatMap((setting) => ['-e', setting]),
          '-s',
          'mutt sends',
          '-a',
          join(work, 'attached.bin'),
          '--',
          to,
        ],
        { input: 'By mutt\n', environment: { HOME: work } },
      );
      await arrives('mutt sends', 'attached.bin');
    });

    await step('curl', async () => {
      const file = join(work, 'message.eml');
      writeFileSync(file, `From: ${from}\r\nTo: ${to}\r\nSubject: curl sends\r\n\r\n${BODY}`);
      const words = ['--silent', '--show-error', '--insecure', '--ssl-reqd', '--mail-from', from, '--mail-rcpt', to];
      await program('curl', [
        ...words,
        '-u',
        `${anna.name}:${anna.password}`,
        '-T',
        file,
        `smtp://127.0.0.1:${submission}`,
      ]);
      await arrives('curl sends', BODY);
    });

    await step('curl by OAUTHBEARER over IMAP and submission, and refused with a token for others', async () => {
      const file = join(work, 'message.eml');
      const words = ['--silent', '--show-error', '--insecure', '--ssl-reqd', '--login-options', 'AUTH=OAUTHBEARER'];
      const sends = ['--mail-from', from, '--mail-rcpt', to, '-T', file, `smtp://127.0.0.1:${submission}`];
      for (const [what, rest] of [
        ['IMAP', [`imap://127.0.0.1:${imap}/`, '-X', 'NOOP']],
        ['submission', sends],
      ] as const) {
        const present = (token: string) =>
          program('curl', [...words, '-u', `${from}:`, '--oauth2-bearer', token, ...rest]);
        await present(await issuer.token({ email: from }));
        const refused = present(await issuer.token({ email: from, aud: 'other' }));
        must(
          await refused.then(
            () => false,
            () => true,
          ),
          `${what}: the audience does not matter`,
        );
      }
      await arrives('curl sends', BODY);
    });

    await step('nodemailer, with an attachment, to here and through the relay', async () => {
      const transport = createTransport({
        host: '127.0.0.1',
        port: submissions as number,
        secure: true,
        auth: { user: from, pass: anna.password },
        tls: { rejectUnauthorized: false },
      });
      await transport.sendMail({
        from,
        to: [to, 'jürgen@example.net'],
        bcc: 'hidden@example.net',
        subject: 'nodemailer sends: Grüße',
        text: BODY,
        attachments: [{ filename: 'a.bin', content: ATTACHMENT }],
      });
      transport.close();
      await arrives('nodemailer sends: Grüße', 'a.bin');
      for (let patience = 200; relay.messages.length === 0 && patience > 0; patience--)
        await new Promise((resolve) => setTimeout(resolve, 20));
      const [out] = relay.messages;
      must(out !== undefined, 'nothing came through the relay');
      must(out.recipients.length === 2, `recipients at the relay: ${out.recipients.join(' ')}`);
      must(!/hidden/.test(out.octets), 'Bcc is still in the message');
      const base64 = ATTACHMENT.toString('base64').replace(/.{76}/g, '$&\r\n');
      must(out.octets.includes(base64), 'the attachment is not what was sent');
    });
  },
  {
    ...trusting(issuer),
    CONVENE_SUBMISSION_PORT: `${submission}`,
    CONVENE_SUBMISSIONS_PORT: `${submissions}`,
    CONVENE_SMTP_PORT: `${smtp}`,
    CONVENE_LMTP_PORT: `${lmtp}`,
    CONVENE_IMAP_PORT: `${imap}`,
    CONVENE_RELAY: `smtp://127.0.0.1:${relay.port}`,
  },
);
relay.close();
