/** Certificates of the operator: taken over while the server runs, and not when they are broken. */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { generate } from 'selfsigned';
import t from 'tap';
import { tlsCertificate } from '../../protocols/tls-certificate.ts';
import { startServer } from '../support/server.ts';
import { temporaryFolder } from '../support/store.ts';

async function writePair(paths: { cert: string; key: string }, name: string): Promise<void> {
  const made = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
  });
  writeFileSync(paths.key, made.private);
  writeFileSync(paths.cert, made.cert);
}

/** What a port shows in its certificate, after these lines where TLS is begun by a command. */
async function served(port: number, ...lines: string[]): Promise<string> {
  const plain = lines.length === 0 ? undefined : connectTcp(port, '127.0.0.1');
  if (plain !== undefined) {
    await once(plain, 'data');
    for (const line of lines) {
      plain.write(`${line}\r\n`);
      await once(plain, 'data');
    }
  }
  return new Promise((resolve, reject) => {
    const at = plain === undefined ? { port, host: '127.0.0.1' } : { socket: plain };
    const socket: TLSSocket = connect({ ...at, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
      plain?.destroy();
    });
    socket.on('error', reject);
  });
}

t.test('a renewed certificate is served without a restart', async (t) => {
  const folder = temporaryFolder(t);
  const paths = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  await writePair(paths, 'first.example');
  const environment = { CONVENE_HTTPS_PORT: '0', CONVENE_TLS_CERT: paths.cert, CONVENE_TLS_KEY: paths.key };
  const { app } = await startServer(t, { environment });
  const port = app.addresses.https?.port ?? 0;
  t.equal(await served(port), 'first.example');
  t.equal(app.renewCertificate(), false, 'nothing changed');
  const key = readFileSync(paths.key);
  await writePair(paths, 'second.example');
  const renewed = readFileSync(paths.key);
  writeFileSync(paths.key, key);
  t.equal(app.renewCertificate(), false, 'half replaced');
  t.equal(await served(port), 'first.example');
  writeFileSync(paths.key, renewed);
  t.equal(app.renewCertificate(), true);
  t.equal(await served(port), 'second.example');
  for (const text of ['broken', '']) {
    writeFileSync(paths.cert, text);
    t.equal(app.renewCertificate(), false);
  }
  t.equal(await served(port), 'second.example');
});

t.test('so it is by every listener of mail, whichever way TLS begins', async (t) => {
  const folder = temporaryFolder(t);
  const paths = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  await writePair(paths, 'first.example');
  const names = ['IMAP', 'IMAPS', 'POP3', 'POP3S', 'SUBMISSION', 'SUBMISSIONS', 'SMTP'];
  const ports = Object.fromEntries(names.map((name) => [`CONVENE_${name}_PORT`, '0']));
  const environment = { ...ports, CONVENE_TLS_CERT: paths.cert, CONVENE_TLS_KEY: paths.key };
  const { app } = await startServer(t, { environment });
  const begins = {
    imap: ['a STARTTLS'],
    imaps: [],
    pop3: ['STLS'],
    pop3s: [],
    submission: ['EHLO x', 'STARTTLS'],
    submissions: [],
    smtp: ['EHLO x', 'STARTTLS'],
  } as const;
  const all = async () => {
    const shown: string[] = [];
    for (const [name, lines] of Object.entries(begins))
      shown.push(await served(app.addresses[name as keyof typeof begins]?.port ?? 0, ...lines));
    return shown;
  };
  t.same(await all(), Array(7).fill('first.example'));
  await writePair(paths, 'second.example');
  t.equal(app.renewCertificate(), true);
  t.same(await all(), Array(7).fill('second.example'));
});

t.test('files without a certificate', async (t) => {
  const folder = temporaryFolder(t);
  const files = { cert: join(folder, 'tls-cert.pem'), key: join(folder, 'tls-key.pem') };
  writeFileSync(files.cert, '');
  writeFileSync(files.key, '');
  const own = () => tlsCertificate(undefined, folder, ['localhost'], Date.now());
  const made = await own();
  t.match(made.cert, /^-----BEGIN CERTIFICATE-----/, 'one of its own is made again');
  t.equal((await own()).cert, made.cert, 'and kept');
  writeFileSync(files.key, '');
  t.not((await own()).cert, made.cert, 'a certificate without its key is not kept');
  writeFileSync(files.cert, '');
  await t.rejects(
    tlsCertificate(files, folder, [], Date.now()),
    { name: 'ConfigError' },
    "the operator's are a problem",
  );
});
