/**
 * CMS SignedData around a configuration profile, so that devices show who it is from.
 * RFC 5652 §5.1, §5.3 (signer), §5.4 (signed attributes), §11.1 and §11.2. DER out; SHA-256 with the key of the TLS certificate.
 */
import { createHash, createPrivateKey, type KeyObject, sign, X509Certificate } from 'node:crypto';

const OID = {
  data: '2a864886f70d010701',
  signedData: '2a864886f70d010702',
  contentType: '2a864886f70d010903',
  messageDigest: '2a864886f70d010904',
  sha256: '608648016503040201',
  rsa: '2a864886f70d010101',
  ecdsaSha256: '2a8648ce3d040302',
} as const;

/** Signs octets with a certificate chain and its key, both PEM; undefined when the key is of a kind devices do not verify. */
export function signedData(content: Buffer, chain: string, keyPem: string): Buffer | undefined {
  const key = createPrivateKey(keyPem);
  const algorithm = signatureAlgorithm(key);
  if (algorithm === undefined) return undefined;
  const certificates = (chain.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (pem) => new X509Certificate(pem).raw,
  );
  const [own] = certificates;
  if (own === undefined) return undefined;
  const sha256 = sequence(oid(OID.sha256));
  const digest = createHash('sha256').update(content).digest();
  // RFC 5652 §5.4: signed as a SET, in DER order, and sent with an implicit tag.
  const attributes = [
    sequence(oid(OID.contentType), set(oid(OID.data))),
    sequence(oid(OID.messageDigest), set(tagged(0x04, digest))),
  ].sort(Buffer.compare);
  const signature = sign('sha256', set(...attributes), key);
  const signer = sequence(
    integer(1),
    issuerAndSerial(own),
    sha256,
    tagged(0xa0, Buffer.concat(attributes)),
    algorithm,
    tagged(0x04, signature),
  );
  const signed = sequence(
    integer(1),
    set(sha256),
    sequence(oid(OID.data), tagged(0xa0, tagged(0x04, content))),
    tagged(0xa0, Buffer.concat(certificates)),
    set(signer),
  );
  return sequence(oid(OID.signedData), tagged(0xa0, signed));
}

function signatureAlgorithm({ asymmetricKeyType }: KeyObject): Buffer | undefined {
  if (asymmetricKeyType === 'rsa') return sequence(oid(OID.rsa), tagged(0x05, Buffer.alloc(0)));
  return asymmetricKeyType === 'ec' ? sequence(oid(OID.ecdsaSha256)) : undefined;
}

/** Issuer and serial number out of a certificate: RFC 5280 §4.1, the first fields of TBSCertificate. */
function issuerAndSerial(certificate: Buffer): Buffer {
  const tbs = contentOf(elementAt(contentOf(certificate), 0));
  let at = 0;
  const next = () => {
    const element = elementAt(tbs, at);
    at += element.length;
    return element;
  };
  let serial = next();
  if (serial[0] === 0xa0) serial = next();
  next();
  return sequence(next(), serial);
}

function elementAt(octets: Buffer, at: number): Buffer {
  const { header, length } = lengthAt(octets, at);
  return octets.subarray(at, at + header + length);
}

function contentOf(element: Buffer): Buffer {
  const { header, length } = lengthAt(element, 0);
  return element.subarray(header, header + length);
}

function lengthAt(octets: Buffer, at: number): { header: number; length: number } {
  const first = octets[at + 1] ?? 0;
  if (first < 0x80) return { header: 2, length: first };
  const count = first & 0x7f;
  return { header: 2 + count, length: octets.readUIntBE(at + 2, count) };
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  const hex = length.toString(16);
  const octets = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return Buffer.concat([Buffer.of(tag, 0x80 | octets.length), octets, content]);
}

function sequence(...parts: Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function set(...parts: Buffer[]): Buffer {
  return tagged(0x31, Buffer.concat(parts));
}

function integer(value: number): Buffer {
  return tagged(0x02, Buffer.of(value));
}

function oid(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'));
}
