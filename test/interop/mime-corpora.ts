/**
 * Messages of other projects through the server: each is appended and read back whole, in pieces and in parts, and must be the
 * same octets; ENVELOPE and BODYSTRUCTURE must be of the grammar, and searching must not trip over them.
 * MIME_CORPORA names folders or files, with ":" between them; README.md says which are worth it.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type ParsedBody, parseBodyStructure, parseEnvelope } from '../support/fetch-grammar.ts';
import { ImapClient, literal } from '../support/imap.ts';
import { imapPorts, interop, must } from './steps.ts';

const ports = await imapPorts();

function filesIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesIn(join(path, name)));
}

/** Section numbers of every part, `1`, `1.2`; those of an attached message too. */
function sectionsOf(structure: ParsedBody, path = ''): string[] {
  const isMultipart = ({ type }: ParsedBody) => type.toLowerCase() === 'multipart';
  const below = (part: ParsedBody, section: string) => [section, ...sectionsOf(part, section)];
  const { parts, type } = structure;
  // A body that is not multipart is its own part 1 (RFC 3501 §6.4.5).
  if (path === '' && !isMultipart(structure)) return below(structure, '1');
  if (type.toLowerCase() === 'message')
    // The parts of a message within are those of its body.
    return parts.flatMap((body) => (isMultipart(body) ? sectionsOf(body, path) : below(body, `${path}.1`)));
  return parts.flatMap((part, at) => below(part, path === '' ? String(at + 1) : `${path}.${at + 1}`));
}

/** The octets of a section of a FETCH answer; null for NIL. */
function octetsOf(answer: string, label: string): Buffer | null {
  const at = answer.indexOf(` ${label} `);
  must(at >= 0, `no ${label}`);
  const rest = answer.slice(at + label.length + 2);
  if (rest.startsWith('NIL')) return null;
  const [header = '', size = ''] = /^\{(\d+)\}\r\n/.exec(rest) ?? [];
  must(header !== '', `${label} is no literal`);
  return Buffer.from(rest.slice(header.length, header.length + Number(size)), 'latin1');
}

async function check(client: ImapClient, octets: Buffer): Promise<void> {
  const uid = await client.append('corpus', octets);
  const one = async (items: string) => {
    const { untagged } = await client.ok(`UID FETCH ${uid} (${items})`);
    const answers = untagged.filter((line) => / FETCH /.test(line.slice(0, 20)));
    must(answers.length === 1, `${answers.length} answers to ${items}`);
    return answers[0] ?? '';
  };
  const whole = octetsOf(await one('BODY.PEEK[]'), 'BODY[]');
  must(whole?.equals(octets), 'octets changed');
  const halves = await one('BODY.PEEK[HEADER] BODY.PEEK[TEXT] RFC822.SIZE');
  const header = octetsOf(halves, 'BODY[HEADER]') ?? Buffer.alloc(0);
  const text = octetsOf(halves, 'BODY[TEXT]') ?? Buffer.alloc(0);
  must(Buffer.concat([header, text]).equals(octets), 'header and text are not the message');
  must(halves.includes(`RFC822.SIZE ${octets.length}`), 'another size');
  const middle = Math.floor(octets.length / 2);
  const pieces = await one(`BODY.PEEK[]<0.${middle + 1}> BODY.PEEK[]<${middle + 1}.${octets.length}>`);
  const joined = [octetsOf(pieces, 'BODY[]<0>'), octetsOf(pieces, `BODY[]<${middle + 1}>`)];
  must(Buffer.concat(joined.map((piece) => piece ?? Buffer.alloc(0))).equals(octets), 'pieces are not the message');
  const envelope = /ENVELOPE (\(.*\))\)$/s.exec(await one('ENVELOPE'))?.[1] ?? '';
  parseEnvelope(envelope);
  const structure = /BODYSTRUCTURE (\(.*\))\)$/s.exec(await one('BODYSTRUCTURE'))?.[1] ?? '';
  const parsed = parseBodyStructure(structure, true);
  for (const section of sectionsOf(parsed).slice(0, 60)) {
    const part = octetsOf(await one(`BODY.PEEK[${section}]`), `BODY[${section}]`);
    must(part !== null, `there is no part ${section}`);
    must(part.length === 0 || octets.includes(part), `part ${section} is not of the message`);
  }
}

await interop(
  'MIME corpora',
  1,
  async ({ persons, step }) => {
    const [person] = persons;
    must(person, 'no person');
    const places = (process.env['MIME_CORPORA'] ?? '').split(':').filter((place) => place !== '');
    const socket = connect({ host: '127.0.0.1', port: ports.imap });
    const client = new ImapClient(socket);
    await client.response();
    await client.login(person);
    await client.ok('CREATE corpus');
    await client.ok('SELECT corpus');
    for (const place of places.length > 0 ? places : ['(none: set MIME_CORPORA)'])
      await step(place, async () => {
        const failures: string[] = [];
        let checked = 0;
        for (const file of filesIn(place)) {
          const octets = readFileSync(file);
          if (octets.length === 0) continue;
          checked++;
          try {
            await check(client, octets);
          } catch (error) {
            failures.push(`${file}: ${error instanceof Error ? error.message : String(error)}`);
          }
        }
        for (const criteria of ['TEXT "the"', 'BODY "a"', 'SUBJECT "re"', `HEADER "Content-Type" ${literal('text')}`])
          await client.ok(`UID SEARCH ${criteria}`);
        console.log(`     ${checked} messages, ${failures.length} not as they should be`);
        must(failures.length === 0 && checked > 0, `\n     ${failures.slice(0, 20).join('\n     ')}`);
      });
    client.close();
  },
  ports.environment,
);
