/** A small DNS server on loopback with a zone of its own (RFC 1035 §4), which can also be silent or fail, for tests. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** Records of one name: TXT as whole texts, A and AAAA as addresses, MX as "10 host". Or how it fails. */
export type Zone = Record<string, Partial<Record<RecordType, string[]>> | 'silent' | 'servfail'>;
export type RecordType = 'A' | 'AAAA' | 'MX' | 'TXT';

const TYPES: Readonly<Record<RecordType, number>> = { A: 1, MX: 15, TXT: 16, AAAA: 28 };
const SERVFAIL = 2;
const NXDOMAIN = 3;

export interface DnsServer {
  /** As CONVENE_DNS_SERVERS takes it. */
  readonly address: string;
  /** May be changed while it runs. */
  readonly zone: Zone;
  /** Names and types that were asked for, like `TXT example.net`. */
  readonly questions: string[];
}

export async function startDnsServer(t: { teardown(fn: () => void): void }, zone: Zone): Promise<DnsServer> {
  const socket = createSocket('udp4');
  const questions: string[] = [];
  socket.on('message', (query, peer) => {
    const { name, type, end } = questionOf(query);
    const typeName = (Object.keys(TYPES) as RecordType[]).find((one) => TYPES[one] === type);
    questions.push(`${typeName ?? type} ${name}`);
    const entry = zone[name];
    if (entry === 'silent') return;
    const records =
      entry === undefined || entry === 'servfail' || typeName === undefined ? [] : (entry[typeName] ?? []);
    const code = entry === 'servfail' ? SERVFAIL : entry === undefined ? NXDOMAIN : 0;
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8580 | code, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records.length, 6);
    const answers = records.map((value) => recordOf(type, dataOf(typeName as RecordType, value)));
    socket.send(Buffer.concat([header, query.subarray(12, end), ...answers]), peer.port, peer.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.teardown(() => socket.close());
  return { address: `127.0.0.1:${socket.address().port}`, zone, questions };
}

function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function recordOf(type: number, data: Buffer): Buffer {
  // A pointer to the name of the question, class IN, no time to live.
  const head = Buffer.from([0xc0, 12, type >> 8, type & 255, 0, 1, 0, 0, 0, 0, data.length >> 8, data.length & 255]);
  return Buffer.concat([head, data]);
}

function dataOf(type: RecordType, value: string): Buffer {
  if (type === 'A') return Buffer.from(value.split('.').map(Number));
  if (type === 'AAAA') {
    const [left = '', right = ''] = value.split('::');
    const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
    const [head, tail] = [groups(left), groups(right)];
    const all = [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
    return Buffer.from(all.flatMap((group) => [group >> 8, group & 255]));
  }
  if (type === 'MX') {
    const [preference = '0', host = ''] = value.split(' ');
    return Buffer.concat([Buffer.from([0, Number(preference)]), nameOf(host)]);
  }
  const pieces = value.match(/[\s\S]{1,255}/g) ?? [''];
  return Buffer.concat(pieces.map((piece) => Buffer.concat([Buffer.from([piece.length]), Buffer.from(piece)])));
}

function nameOf(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}
