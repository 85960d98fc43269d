/** IP addresses and networks: RFC 4291 §2.2, RFC 4632 §3.1. */
import { isIP } from 'node:net';
import fc from 'fast-check';
import t from 'tap';
import { contains, isLoopback, networkKey, parseAddress, parseNetwork } from '../../src/networks.ts';

t.test('membership', (t) => {
  const cases: [network: string, address: string, inside: boolean][] = [
    ['10.0.0.0/8', '10.255.1.2', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['192.0.2.128/25', '192.0.2.129', true],
    ['192.0.2.128/25', '192.0.2.127', false],
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['2001:db8::/32', '2001:db8:1::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['10.0.0.0/8', '::ffff:10.1.1.1', true],
    ['::/0', '10.0.0.1', false],
  ];
  for (const [network, address, inside] of cases)
    t.equal(contains(parseNetwork(network)!, parseAddress(address)!), inside, `${address} in ${network}`);
  t.end();
});

t.test('loopback', (t) => {
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', '0:0:0:0:0:0:0:1'])
    t.ok(isLoopback(parseAddress(address)!), address);
  for (const address of ['128.0.0.1', '::2', '1::1', '10.0.0.1']) t.notOk(isLoopback(parseAddress(address)!), address);
  t.end();
});

t.test('what is no address or network', (t) => {
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.4/33',
    '::1/129',
    ':::',
    '1::2::3',
    'g::',
    '1:2:3:4:5:6:7',
    '1.2.3.4/',
    '1.2.3.4/8/8',
    'x'.repeat(1_000),
  ])
    t.equal(parseNetwork(text), undefined, text.slice(0, 20));
  t.end();
});

t.test('a peer is counted under its /32 or /64', (t) => {
  t.equal(networkKey('2001:db8:0:1::5'), networkKey('2001:db8:0:1:ffff::9'));
  t.not(networkKey('2001:db8:0:1::5'), networkKey('2001:db8:0:2::5'));
  t.not(networkKey('192.0.2.1'), networkKey('192.0.2.2'));
  t.equal(networkKey('192.0.2.1'), networkKey('::ffff:192.0.2.1'));
  t.end();
});

t.test('addresses are what the platform says they are', (t) => {
  const text = fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.]{0,20}$/));
  fc.assert(
    fc.property(text, (written) => (parseAddress(written) !== undefined) === (isIP(written) !== 0)),
    { numRuns: 2_000 },
  );
  t.end();
});
