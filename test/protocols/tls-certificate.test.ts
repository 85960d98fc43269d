/** Certificates of the operator: taken over while the server runs, and not when they are broken. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { generate } from 'selfsigned';
import t from 'tap';
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

function served(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
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
  writeFileSync(paths.cert, 'broken');
  t.equal(app.renewCertificate(), false);
  t.equal(await served(port), 'second.example');
});
