/**
 * The certificate of the TLS listeners: the operator's PEM files, or a self-signed one made at first start and kept.
 * Nobody vouches for a self-signed certificate; it is for trying out and for networks where people compare fingerprints.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { ConfigError } from '../src/config.ts';
import { writeDurably } from '../src/durable-file.ts';

export interface TlsCertificate {
  readonly cert: string;
  readonly key: string;
  readonly selfSigned: boolean;
  /** SHA-256, as clients show it. */
  readonly fingerprint: string;
}

/** Apple refuses more than 825 days. */
const VALID_DAYS = 820;
const RENEW_DAYS = 30;
const DAY = 86_400_000;

/**
 * The certificate to serve with.
 * @param files of the operator, or undefined
 * @param folder where a self-signed one is kept, readable by this user only
 * @param names host names and IP addresses it is for
 * @throws ConfigError when the operator's files cannot be used
 */
export async function tlsCertificate(
  files: { readonly cert: string; readonly key: string } | undefined,
  folder: string,
  names: readonly string[],
  now: number,
): Promise<TlsCertificate> {
  if (files !== undefined) return described(operatorsPair(files), false);
  const paths = { cert: join(folder, 'tls-cert.pem'), key: join(folder, 'tls-key.pem') };
  const kept = readPair(paths);
  if (kept !== undefined && Date.parse(new X509Certificate(kept.cert).validTo) - now > RENEW_DAYS * DAY)
    return described(kept, true);
  // Loaded when it is needed, every two years or so: every start would wait for it.
  const { generate } = await import('selfsigned');
  const made = await generate([{ name: 'commonName', value: names[0] ?? 'localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(now - DAY),
    notAfterDate: new Date(now + VALID_DAYS * DAY),
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) => (isIp(name) ? { type: 7, ip: name } : { type: 2, value: name })),
      },
    ],
  });
  writeDurably(paths.key, made.private);
  writeDurably(paths.cert, made.cert);
  return described({ cert: made.cert, key: made.private }, true);
}

/**
 * The operator's certificate as its files are now, when they changed and are a pair; undefined otherwise. A pair that is being
 * replaced, or is broken, leaves the certificate in use alone.
 */
export function changedCertificate(
  files: { readonly cert: string; readonly key: string },
  current: TlsCertificate,
): TlsCertificate | undefined {
  const pair = readPair(files);
  return pair === undefined || pair.cert === current.cert ? undefined : described(pair, false);
}

function operatorsPair(files: { readonly cert: string; readonly key: string }): { cert: string; key: string } {
  const problems: string[] = [];
  const read = (setting: string, path: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      problems.push(`${setting} names ${path}, which cannot be read.`);
      return '';
    }
  };
  const pair = { cert: read('CONVENE_TLS_CERT', files.cert), key: read('CONVENE_TLS_KEY', files.key) };
  if (problems.length > 0) throw new ConfigError(problems);
  if (!isPair(pair))
    throw new ConfigError(['CONVENE_TLS_CERT and CONVENE_TLS_KEY are not a certificate and its key in PEM.']);
  return pair;
}

function readPair(paths: { cert: string; key: string }): { cert: string; key: string } | undefined {
  try {
    const pair = { cert: readFileSync(paths.cert, 'utf8'), key: readFileSync(paths.key, 'utf8') };
    return isPair(pair) ? pair : undefined;
  } catch {
    return undefined;
  }
}

function isPair(pair: { cert: string; key: string }): boolean {
  try {
    // Node takes an empty text for no certificate at all, and is content.
    new X509Certificate(pair.cert);
    createSecureContext(pair);
    return pair.key.trim() !== '';
  } catch {
    return false;
  }
}

function described(pair: { cert: string; key: string }, selfSigned: boolean): TlsCertificate {
  return { ...pair, selfSigned, fingerprint: new X509Certificate(pair.cert).fingerprint256 };
}

function isIp(name: string): boolean {
  return /^[\d.]+$/.test(name) || name.includes(':');
}
