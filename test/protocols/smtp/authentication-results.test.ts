/** RFC 8601, RFC 7208, RFC 6376, RFC 8617, RFC 7489: what is said of mail from elsewhere, and what follows from it. */
import { generateKeyPairSync } from 'node:crypto';
import { sealMessage } from 'mailauth/lib/arc/index.js';
import { dkimSign } from 'mailauth/lib/dkim/sign.js';
import t from 'tap';
import { SenderVerification } from '../../../src/mail/sender-verification.ts';
import { type DnsServer, startDnsServer } from '../../support/dns-server.ts';
import { letter, type MailServer, startMailServer } from '../../support/mail-server.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const privateKey = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
const keyRecord = `v=DKIM1; k=rsa; p=${rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`;

const ed25519 = generateKeyPairSync('ed25519');
const ed25519Record = `v=DKIM1; k=ed25519; p=${Buffer.from(ed25519.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64')}`;

const ZONE = {
  'sent.example': { TXT: ['v=spf1 ip4:127.0.0.1 -all'] },
  '_dmarc.sent.example': { TXT: ['v=DMARC1; p=reject'] },
  'signed.example': { TXT: ['v=spf1 -all'] },
  '_dmarc.signed.example': { TXT: ['v=DMARC1; p=reject'] },
  's1._domainkey.signed.example': { TXT: [keyRecord] },
  's2._domainkey.signed.example': { TXT: [ed25519Record] },
  'strict.example': { TXT: ['v=spf1 -all'] },
  '_dmarc.strict.example': { TXT: ['v=DMARC1; p=reject'] },
  'aside.example': {},
  '_dmarc.aside.example': { TXT: ['v=DMARC1; p=quarantine'] },
  'lax.example': {},
  '_dmarc.lax.example': { TXT: ['v=DMARC1; p=none'] },
  'testing.example': {},
  '_dmarc.testing.example': { TXT: ['v=DMARC1; p=reject; t=y'] },
  'plain.example': {},
  's1._domainkey.list.example': { TXT: [keyRecord] },
} as const;

let dns: DnsServer;
let server: MailServer;
t.before(async () => {
  dns = await startDnsServer(t, structuredClone(ZONE) as unknown as DnsServer['zone']);
  server = await startMailServer(t, { environment: { CONVENE_DNS_SERVERS: dns.address } });
});
t.beforeEach(async () => {
  await server.news(server.bob);
});

/** What this server says above a message, unfolded. */
const resultsOf = (message: string) =>
  /^Authentication-Results: (.*?)\r\n(?!\t)/ms.exec(message)?.[1]?.replaceAll('\r\n\t', ' ') ?? '';

async function send(message: string | Buffer, mailFrom: string, on = server): Promise<string> {
  const client = await on.talk('smtp');
  await client.commands(`MAIL FROM:<${mailFrom}>`, 'RCPT TO:<bob@example.org>');
  const reply = await client.data(message);
  client.end();
  return reply;
}

async function signed(message: string, signingDomain = 'signed.example', more: object = {}): Promise<string> {
  const { signatures } = await dkimSign(message, {
    signatureData: [{ signingDomain, selector: 's1', privateKey, algorithm: 'rsa-sha256' }],
    canonicalization: 'relaxed/relaxed',
    ...more,
  } as never);
  return signatures + message;
}

t.test('RFC 7208: the server may send for the domain', async (t) => {
  t.match(await send(letter('ada@sent.example', 'SPF'), 'ada@sent.example'), /^250/);
  const [got = ''] = await server.news(server.bob);
  t.equal(
    resultsOf(got),
    'mx.example.org; spf=pass smtp.mailfrom=ada@sent.example; dkim=none (message not signed);' +
      ' dmarc=pass (p=reject) header.from=sent.example',
  );
  t.match(got, /^Return-Path: [^\n]*\nReceived: from [^;]*;[^\n]*\n\t[^\n]*\nAuthentication-Results: /);
});

t.test('RFC 6376: a signature, and one that was broken under way', async (t) => {
  const message = await signed(letter('ada@signed.example', 'DKIM'));
  t.match(await send(message, 'bounce@plain.example'), /^250/);
  const [got = ''] = await server.news(server.bob);
  t.match(
    resultsOf(got),
    /spf=none smtp\.mailfrom=bounce@plain\.example; dkim=pass header\.d=signed\.example header\.s=s1/,
  );
  t.match(resultsOf(got), /dmarc=pass \(p=reject\) header\.from=signed\.example$/);
  t.equal(got.slice(-message.length), message, 'below our fields the octets are those that came');

  const modern = await signed(letter('ada@signed.example', 'Ed25519'), 'signed.example', {
    signatureData: [
      {
        signingDomain: 'signed.example',
        selector: 's2',
        privateKey: ed25519.privateKey.export({ type: 'pkcs8', format: 'pem' }),
        algorithm: 'ed25519-sha256',
      },
    ],
  });
  await send(modern, 'bounce@plain.example');
  const [other = ''] = await server.news(server.bob);
  t.match(resultsOf(other), /dkim=pass header\.d=signed\.example header\.s=s2 header\.a=ed25519-sha256/, 'RFC 8463');

  t.match(await send(message.replace('Text.', 'Teht.'), 'ada@signed.example'), /^550 5\.7\.1 .*signed\.example/);
  t.same(await server.news(server.bob), []);
});

t.test('RFC 7489: what the domain of the author asks for', async (t) => {
  t.match(await send(letter('ada@strict.example', 'Forged'), 'eve@plain.example'), /^550 5\.7\.1 DMARC fails/);
  t.match(await send(letter('ada@sub.strict.example', 'Below'), 'eve@plain.example'), /^550 5\.7\.1/, 'and below it');
  t.match(await send(letter('ada@aside.example', 'Aside'), 'eve@plain.example'), /^250/);
  t.match(await send(letter('ada@testing.example', 'Testing'), 'eve@plain.example'), /^250/);
  t.same(await server.news(server.bob), []);
  const junk = await server.mailbox(server.bob, 'Junk');
  t.same(
    junk.map((message) => /Subject: (\w+)/.exec(message)?.[1]),
    ['Aside', 'Testing'],
  );
  t.match(resultsOf(junk[0] ?? ''), /dmarc=fail \(p=quarantine\) header\.from=aside\.example$/);
  for (const from of ['ada@lax.example', 'ada@plain.example']) await send(letter(from, 'Inbox'), 'eve@plain.example');
  const [lax = '', plain = ''] = await server.news(server.bob);
  t.match(resultsOf(lax), /dmarc=fail \(p=none\)/);
  t.match(resultsOf(plain), /dmarc=none header\.from=plain\.example$/);
});

t.test('several authors: the one that is least vouched for decides', async (t) => {
  const both = letter('ada@sent.example, ada@strict.example', 'Two');
  t.match(await send(both, 'ada@sent.example'), /^550 5\.7\.1/);
  t.match(await send(`From: ada@strict.example\r\n${letter('ada@sent.example', 'Two')}`, 'ada@sent.example'), /^550/);
  const same = `From: eve@signed.example\r\n${await signed(letter('ada@signed.example', 'Same'))}`;
  t.match(await send(same, 'x@plain.example'), /^250/);
  t.match(resultsOf((await server.news(server.bob))[0] ?? ''), /dmarc=permerror \(several From fields\)/);
});

t.test('signatures that say nothing', async (t) => {
  const text = letter('ada@signed.example', 'Weak');
  const short = await signed(text, 'signed.example', {
    signatureData: [
      { signingDomain: 'signed.example', selector: 's1', privateKey, algorithm: 'rsa-sha256', maxBodyLength: 4 },
    ],
  });
  t.match(await send(short, 'x@plain.example'), /^550/, 'RFC 6376 §8.2: not all of the body');
  const unsigned = await signed(text, 'signed.example', { headerList: 'subject' });
  t.match(await send(unsigned, 'x@plain.example'), /^550/, 'RFC 6376 §6.1.1: not From');
  const sha1 = await signed(text, 'signed.example', {
    signatureData: [{ signingDomain: 'signed.example', selector: 's1', privateKey, algorithm: 'rsa-sha1' }],
  });
  t.match(await send(sha1, 'x@plain.example'), /^550/, 'RFC 8301 §3.1');
});

t.test('RFC 8617: the chain of those who forwarded it', async (t) => {
  const message = letter('ada@plain.example', 'ARC');
  const seal = await sealMessage(Buffer.from(message), {
    signingDomain: 'list.example',
    selector: 's1',
    privateKey,
    authResults: 'list.example; spf=pass',
    cv: 'none',
  } as never);
  const sealed = seal.toString() + message;
  await send(sealed, 'x@plain.example');
  await send(sealed.replace('Text.', 'Teht.'), 'x@plain.example');
  const [good = '', broken = ''] = (await server.news(server.bob)).map(resultsOf);
  t.match(good, /; arc=pass \(i=1 spf=pass\); dmarc=none/);
  t.match(broken, /; arc=fail/);
});

t.test('RFC 8601 §5: nobody else speaks in our name', async (t) => {
  const forged = [
    'Authentication-Results: mx.example.org; dmarc=pass header.from=bank.example',
    'authentication-results : (comment (nested)) "MX.example.org" 1;\r\n\tdkim=pass header.d=bank.example',
    'Authentication-Results:\r\n mx.example.org;\r\n spf=pass',
  ];
  const honest = [
    'Authentication-Results: mx.example.org.other.example; spf=pass',
    'Authentication-Results: other.example; none',
  ];
  const message = letter('ada@plain.example', 'Forger');
  await send(
    `${[forged[0], honest[0], forged[1], honest[1], forged[2]].join('\r\n')}\r\n${message}`,
    'x@plain.example',
  );
  const [got = ''] = await server.news(server.bob);
  t.notMatch(got, /bank\.example|spf=pass\r\nFrom/);
  t.equal(got.match(/^authentication-results/gim)?.length, 3);
  const rest = `${honest.join('\r\n')}\r\n${message}`;
  t.equal(got.slice(-rest.length), rest, 'everything else is as it came');
});

t.test('what is said of a sender cannot say more', async (t) => {
  await send(letter('ada@plain.example', 'Quotes'), '"a;\\"b dmarc=pass"@plain.example');
  const [got = ''] = await server.news(server.bob);
  t.match(
    resultsOf(got),
    /^mx\.example\.org; spf=none smtp\.mailfrom="[^;]*;(?:[^"\\]|\\.)*"; dkim=none[^;]*; dmarc=none header\.from=plain\.example$/,
  );
});

t.test('a message of several chunks: the signature covers it, the octets are whole', async (t) => {
  const body = `${'0123456789abcdef'.repeat(60)}\r\n`.repeat(900);
  const message = await signed(letter('ada@signed.example', 'Large', body));
  t.match(await send(message, 'x@plain.example'), /^250/);
  const [got = ''] = await server.news(server.bob);
  t.match(resultsOf(got), /dkim=pass/);
  t.ok(got.endsWith(message));
  t.match(await send(message.replace(/f\r\n$/, 'e\r\n'), 'x@plain.example'), /^550/);
});

t.test('without an answer from DNS mail arrives, and says so', async (t) => {
  const zone: DnsServer['zone'] = {
    'mute.example': 'silent',
    '_dmarc.mute.example': 'silent',
    's1._domainkey.mute.example': 'silent',
    'ill.example': 'servfail',
    '_dmarc.ill.example': 'servfail',
    '_dmarc.keyless.example': { TXT: ['v=DMARC1; p=reject'] },
    's1._domainkey.keyless.example': 'servfail',
  };
  const dns = await startDnsServer(t, zone);
  const server = await startMailServer(t, {
    environment: { CONVENE_DNS_SERVERS: dns.address },
    verification: { deadlineMs: 500 },
  });
  for (const domain of ['mute', 'ill', 'keyless']) {
    const message = await signed(letter(`ada@${domain}.example`, domain), `${domain}.example`);
    t.match(await send(message, `ada@${domain}.example`, server), /^250/, domain);
  }
  const [mute = '', ill = '', keyless = ''] = (await server.news(server.bob)).map(resultsOf);
  t.match(mute, /spf=temperror [^;]*; dkim=temperror [^;]*; dmarc=temperror header\.from=mute\.example$/);
  t.match(ill, /spf=temperror [^;]*; dkim=[^;]*; dmarc=temperror/);
  t.match(keyless, /dkim=temperror [^;]*; dmarc=temperror/, 'the key would have vouched for it');
  // Somebody else's silent key is no way around a policy.
  const around = await signed(letter('ada@keyless.example', 'Around'), 'mute.example');
  t.match(await send(around, 'eve@plain.example', server), /^550 5\.7\.1/);
});

t.test('RFC 5321 §4.5.1: postmaster gets it, in Junk', async (t) => {
  const { principals, mail } = server.app;
  const client = await server.talk('smtp');
  await client.commands('MAIL FROM:<eve@plain.example>', 'RCPT TO:<postmaster@example.org>');
  t.match(await client.data(letter('ada@strict.example', 'Caretaker')), /^250/);
  const owner = (await server.store.principals.list(1)).find(({ role }) => role === 'owner');
  const junk = await mail.mailboxes.find(await principals.find(owner?.name ?? ''), 'Junk');
  t.equal((await mail.contents.bodies(junk.id, 1, 10)).length, 1);
});

t.test('a body of many small pieces', async (t) => {
  const message = await signed(letter('ada@signed.example', 'Dots', '.\r\n'.repeat(100_000)));
  t.match(await send(message, 'x@plain.example'), /^250/);
  const [got = ''] = await server.news(server.bob);
  t.match(resultsOf(got), /dkim=pass/);
  t.ok(got.endsWith(message));
});

t.test('settings: never refuse, or only say so', async (t) => {
  for (const [dmarc, name] of [
    ['junk', 'Junk'],
    ['ignore', 'INBOX'],
  ] as const) {
    const server = await startMailServer(t, {
      environment: { CONVENE_DNS_SERVERS: dns.address, CONVENE_DMARC: dmarc },
    });
    t.match(await send(letter('ada@strict.example', 'Forged'), 'eve@plain.example', server), /^250/);
    const [got = ''] = await server.mailbox(server.bob, name);
    t.match(resultsOf(got), /dmarc=fail \(p=reject\)/, dmarc);
  }
});

t.test('LMTP: the server in front says who brought it', async (t) => {
  const lmtp = async (message: string, mailFrom: string) => {
    const client = await server.talk('lmtp');
    await client.commands(`MAIL FROM:<${mailFrom}>`, 'RCPT TO:<bob@example.org>');
    t.match(await client.data(message), /^250/);
    client.end();
  };
  const front = (client: string) =>
    `Received: from ${client}\r\n\tby front.example.org; Thu, 1 Jan 2026 10:00:00 +0000\r\n`;
  dns.zone['far.example'] = { TXT: ['v=spf1 ip4:192.0.2.7 -all'] };
  dns.zone['_dmarc.far.example'] = { TXT: ['v=DMARC1; p=reject'] };
  const message = letter('ada@far.example', 'Front');
  await lmtp(front('mail.far.example (mail.far.example [192.0.2.7])') + message, 'ada@far.example');
  await lmtp(front('evil.example (unknown [192.0.2.8])') + message, 'ada@far.example');
  await lmtp(message, 'ada@far.example');
  await lmtp(front('localhost (localhost [127.0.0.1])') + front('x (x [192.0.2.7])') + message, 'ada@far.example');
  const inbox = (await server.news(server.bob)).map(resultsOf);
  t.match(inbox[0], /^mx\.example\.org; spf=pass [^;]*; dkim=none [^;]*; dmarc=pass/);
  t.equal(inbox[1], 'mx.example.org; dkim=none (message not signed)', 'nobody knows who brought it');
  t.equal(inbox[2], inbox[1], 'what others wrote below does not count');
  t.match(
    resultsOf((await server.mailbox(server.bob, 'Junk')).at(-1) ?? ''),
    /spf=fail [^;]*; dkim=none [^;]*; dmarc=fail/,
  );
});

t.test('submission says nothing of its people', async (t) => {
  const client = await server.talk('submission');
  await client.commands('MAIL FROM:<anna@example.org>', 'RCPT TO:<bob@example.org>');
  const forged = 'Authentication-Results: mx.example.org; dmarc=pass\r\n';
  t.match(await client.data(forged + letter('anna@example.org', 'Own')), /^250/);
  t.equal(resultsOf((await server.news(server.bob))[0] ?? ''), '');
});

t.test('headers made to take long: their signatures say nothing, and mail goes on', async (t) => {
  const [signature = ''] =
    /^DKIM-Signature:[\s\S]*?\r\n(?![ \t])/m.exec(await signed(letter('ada@plain.example', 'x'))) ?? [];
  const folded = (text: string) => text.replace(/.{400}/gs, '$&\r\n\t');
  const names = folded('a:'.repeat(8_000));
  const HEADERS: readonly (readonly [name: string, header: string])[] = [
    ['keys', Array.from({ length: 200 }, (_, n) => signature.replace('s=s1', `s=n${n}`)).join('')],
    ['a long From', `From: ${folded('a@plain.example,'.repeat(10_000))}\r\n`],
    ['long tags', `DKIM-Signature: v=1; ${folded('b=; '.repeat(40_000))}\r\n`],
    ['a long chain', `ARC-Seal: i=1; ${folded('a=b;'.repeat(40_000))}\r\n`],
    ['names by fields', signature.replace(/h=[^;]*/, `h=${names}`) + 'a: b\r\n'.repeat(20_000)],
  ];
  for (const [name, header] of HEADERS) {
    dns.questions.length = 0;
    t.match(await send(header + letter('ada@plain.example', name), 'x@plain.example'), /^250/, name);
    const [got = ''] = await server.news(server.bob);
    t.notMatch(resultsOf(got), /dkim=pass|temperror/, name);
    t.ok(dns.questions.filter((question) => question.includes('_domainkey')).length <= 10, name);
  }
});

t.test('a thread that ends costs its messages the checks, and another one follows', async (t) => {
  const errors: string[] = [];
  const verification = new SenderVerification({
    servers: [dns.address],
    log: { error: (_, message) => errors.push(message) },
  });
  t.teardown(() => verification.close());
  const header = Buffer.from(letter('ada@sent.example', 'Thread', ''));
  const client = { address: '127.0.0.1', helo: 'client.example.net' };
  const first = verification.begin(header);
  await first.write(Buffer.from('x\r\n'));
  await verification.close();
  t.match(await first.finish(client, 'ada@sent.example'), { verdict: { dmarc: 'temperror', policy: 'none' } });
  t.equal(errors.length, 1);
  t.match(await verification.begin(header).finish(client, 'ada@sent.example'), { verdict: { dmarc: 'pass' } });
});
