/** The client's side of SCRAM-SHA-256 (RFC 5802 §3, RFC 7677), for tests: messages out of messages, nothing sent. */
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

export interface ScramClient {
  /** client-first-message. */
  readonly first: string;
  /** client-final-message for a server-first-message. */
  final(serverFirst: string): string;
  /** Whether a server-final-message comes from somebody who knows the keys; after `final`. */
  trusts(serverFinal: string): boolean;
}

export function scramClient(
  name: string,
  password: string,
  { nonce = 'fyko+d2lbbFgONRv9qkxdawL', gs2Header = 'n,,' }: { nonce?: string; gs2Header?: string } = {},
): ScramClient {
  const bare = `n=${name.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`;
  let expected = '';
  return {
    first: gs2Header + bare,
    final(serverFirst) {
      const [, combined = '', salt = '', iterations = ''] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(serverFirst) ?? [];
      if (!combined.startsWith(nonce) || combined === nonce) throw new Error(`no answer to us: ${serverFirst}`);
      const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256');
      const clientKey = hmac(salted, 'Client Key');
      const withoutProof = `c=${Buffer.from(gs2Header).toString('base64')},r=${combined}`;
      const authMessage = `${bare},${serverFirst},${withoutProof}`;
      const signature = hmac(createHash('sha256').update(clientKey).digest(), authMessage);
      expected = `v=${hmac(hmac(salted, 'Server Key'), authMessage).toString('base64')}`;
      return `${withoutProof},p=${Buffer.from(clientKey.map((octet, i) => octet ^ (signature[i] ?? 0))).toString('base64')}`;
    },
    trusts: (serverFinal) => expected !== '' && serverFinal === expected,
  };
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
