/** Signed profiles verify with OpenSSL. RFC 5652 §5 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import t from 'tap';
import { signedData } from '../../../src/setup/signed-data.ts';
import { temporaryFolder } from '../../support/store.ts';

for (const keyType of ['rsa', 'ec'] as const)
  t.test(`with a key of ${keyType}`, async (t) => {
    const folder = temporaryFolder(t);
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'dav.example.org' }], {
      keyType,
      algorithm: 'sha256',
      ...(keyType === 'ec' ? { curve: 'P-256' } : {}),
    });
    const content = Buffer.from('<plist version="1.0"/>\n'.repeat(500));
    const signed = signedData(content, cert, key);
    t.ok(signed);
    writeFileSync(join(folder, 'signed'), signed ?? '');
    writeFileSync(join(folder, 'cert.pem'), cert);
    const words = [
      'cms',
      '-verify',
      '-inform',
      'DER',
      '-in',
      'signed',
      '-CAfile',
      'cert.pem',
      '-purpose',
      'any',
      '-binary',
    ];
    const verified = spawnSync('openssl', words, { cwd: folder, maxBuffer: 1e7 });
    if (verified.error !== undefined) {
      t.comment('openssl is not here');
      return;
    }
    t.equal(verified.status, 0, verified.stderr.toString());
    t.same(verified.stdout, content);
    const changed = Buffer.from(signed ?? '');
    changed[changed.indexOf('plist')]! ^= 1;
    writeFileSync(join(folder, 'signed'), changed);
    t.not(spawnSync('openssl', words, { cwd: folder }).status, 0, 'a changed one does not');
  });
