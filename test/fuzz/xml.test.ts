/** Request bodies: what is read, what is refused, and that neither takes long. RFC 4918 §8.2, §20.6; XML 1.0. */
import fc from 'fast-check';
import t from 'tap';
import { DavError } from '../../protocols/dav/dav-error.ts';
import { Element, serialise } from '../../protocols/dav/xml.ts';
import { parseXml } from '../../protocols/dav/xml-parser.ts';

/** The status a body is refused with, or 0. */
function refusal(body: string | Buffer): number {
  try {
    parseXml(Buffer.isBuffer(body) ? body : Buffer.from(body));
    return 0;
  } catch (error) {
    if (error instanceof DavError) return error.status;
    throw error;
  }
}

const declarations = (count: number) => Array.from({ length: count }, (_, i) => `xmlns:p${i}="u${i}"`).join(' ');
const laughs = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><a>&b;</a>';

t.test('attacks are refused', async (t) => {
  const attacks: [name: string, body: string | Buffer, status: number][] = [
    ['billion laughs', laughs, 400],
    ['external entity', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', 400],
    ['external document type', '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a/>', 400],
    ['parameter entity', '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:1/">%x;]><a/>', 400],
    ['document type in UTF-16', Buffer.from(`\ufeff${laughs}`, 'utf16le'), 400],
    ['document type in big-endian UTF-16', Buffer.from(`\ufeff${laughs}`, 'utf16le').swap16(), 400],
    ['document type inside', '<a><!DOCTYPE b></a>', 400],
    ['50,000 levels', '<a>'.repeat(50_000), 400],
    ['5,000 prefixes', Array.from({ length: 5_000 }, (_, i) => `<p${i}:a xmlns:p${i}="u">`).join(''), 400],
    ['100,000 elements', `<a>${'<b/>'.repeat(100_000)}</a>`, 400],
    ['100,000 attributes', `<a ${Array.from({ length: 100_000 }, (_, i) => `a${i}=""`).join(' ')}/>`, 400],
    ['declarations on each level', `${`<a ${declarations(60)}>`.repeat(31)}${'<b/>'.repeat(50_000)}`, 400],
    ['a million references', `<a>${'&amp;'.repeat(1_000_000)}</a>`, 400],
    ['20 MB', Buffer.alloc(20 * 1024 * 1024, 0x20), 413],
    ['8 MB of one name', `<${'x'.repeat(8e6)}`, 400],
    ['8 MB of an open comment', `<a><!--${'-'.repeat(8e6)}`, 400],
    ['8 MB of an open attribute', `<a b="${'x'.repeat(8e6)}`, 400],
  ];
  for (const [name, body, status] of attacks) {
    const begin = performance.now();
    t.equal(refusal(body), status, name);
    t.ok(performance.now() - begin < 1_000, `${name} is refused soon`);
  }
});

t.test('what is not well-formed is refused', async (t) => {
  const malformed = [
    ...['', ' ', 'text', '<', '<a', '<a>', '<a></b>', '</a>', '<a/><b/>', '<a/>text', 'text<a/>', '<a b/>', '<a b=c/>'],
    ...[
      '<a b="<"/>',
      '<a b="1"c="2"/>',
      '<a b="1" b="2"/>',
      '<a xmlns:x="u" xmlns:y="u" x:b="" y:b=""/>',
      '<a>&b;</a>',
    ],
    ...[
      '<a>& </a>',
      '<a>&#0;</a>',
      '<a>&#1;</a>',
      '<a>&#xD800;</a>',
      '<a>&#x110000;</a>',
      '<a>\u0001</a>',
      '<a>\ufffe</a>',
    ],
    ...[
      '<x:a/>',
      '<a x:b=""/>',
      '<a xmlns:x=""/>',
      '<a xmlns:xmlns="u"/>',
      '<a xmlns:xml="u"/>',
      '<x:a xmlns:x="u"></a>',
    ],
    ...[
      '<a><!-- -- --></a>',
      '<a><!-- --->',
      '<a>]]></a>',
      '<![CDATA[x]]>',
      '<a><?xml version="1.0"?></a>',
      '<?x',
      '<1/>',
    ],
    ...[
      '<a:b:c xmlns:a="u"/>',
      '<:a/>',
      '<a:/>',
      '<a/ >',
      '<a><b></a></b>',
      '<a xmlns="u" xmlns="v"/>',
      ' <?xml version="1.0"?><a/>',
    ],
  ];
  for (const body of malformed) t.equal(refusal(body), 400, JSON.stringify(body));
  t.equal(refusal(Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e])), 400, 'not UTF-8');
  t.equal(refusal(Buffer.from('<?xml version="1.0" encoding="iso-8859-1"?><a>\u00e4</a>')), 400, 'another encoding');
});

t.test('what is well-formed is read', async (t) => {
  const text = (body: string | Buffer) => parseXml(Buffer.from(body)).text();
  t.equal(text('<?xml version="1.0" encoding="UTF-8"?>\n<!-- c --><a> x </a>\n<?y z?>\n'), ' x ');
  t.equal(text('\ufeff<a>x</a>'), 'x');
  t.equal(text(Buffer.from('\ufeff<a>\u00e4\u{1f600}</a>', 'utf16le')), '\u00e4\u{1f600}');
  t.equal(text('<a>1<![CDATA[<&]]>2<!-- 3 -->4<b>5</b>&#13;&lt;&#x41;&quot;</a>'), '1<&245\r<A"');
  t.equal(text('<a>1\r\n2\r3</a>'), '1\n2\n3');
  t.equal(parseXml(Buffer.from('<a b="1\n2&#10;3"/>')).attribute('b'), '1 2\n3');
  const root = parseXml(Buffer.from('<x:a xmlns:x="u" xmlns="v"><b xmlns=""><x:c x:d="1" e="2"/></b><b/></x:a>'));
  t.equal(root.namespace, 'u');
  t.same(
    root.elements().map(({ namespace, name }) => `${namespace} ${name}`),
    [' b', 'v b'],
  );
  const inner = root.elements()[0]?.child('u', 'c');
  t.same(
    inner?.attributes.map(({ namespace, name, value }) => [namespace, name, value]),
    [
      ['u', 'd', '1'],
      ['', 'e', '2'],
    ],
  );
});

t.test('names of object internals are names', async (t) => {
  const root = parseXml(
    Buffer.from('<__proto__ constructor="1" __proto__="2" hasOwnProperty="3"><toString/></__proto__>'),
  );
  t.equal(root.attribute('__proto__'), '2');
  t.equal(root.attribute('hasOwnProperty'), '3');
  t.ok(root.child('', 'toString'));
  t.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9._-]{0,8}$/).filter((text) => !/^xml/i.test(text));
const content = fc
  .string({ unit: 'binary' })
  .map((text) => text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Cs}/gu, ''));
const attribute = fc.record({ prefix: name, namespace: fc.constantFrom('urn:1', 'urn:2'), name, value: content });

const { tree } = fc.letrec<{ tree: Element }>((tie) => ({
  tree: fc
    .tuple(
      fc.constantFrom('', 'p', 'q'),
      fc.constantFrom('DAV:', 'urn:x', 'urn:y&"<'),
      name,
      fc.uniqueArray(attribute, { maxLength: 3, selector: ({ prefix }) => prefix }),
      fc.array(fc.oneof({ depthSize: 'small', withCrossShrink: true }, content, tie('tree')), { maxLength: 4 }),
    )
    .map(([prefix, namespace, local, attributes, children]) => {
      const unique = attributes.filter((one, i) => attributes.findIndex((other) => other.name === one.name) === i);
      const own = unique.map((one) => ({ ...one, prefix: `a-${one.prefix}` }));
      const element = new Element(namespace, local, prefix, own);
      for (const child of children) if (child !== '') element.children.push(child);
      return element;
    }),
}));

t.test('what is printed is read again', async () => {
  const plain = (element: Element): unknown => [
    element.namespace,
    element.name,
    element.attributes.map(({ namespace, name, value }) => [namespace, name, value]),
    element.children.reduce<unknown[]>((all, child) => {
      const last = all[all.length - 1];
      if (typeof child === 'string' && typeof last === 'string') all[all.length - 1] = last + child;
      else all.push(typeof child === 'string' ? child : plain(child));
      return all;
    }, []),
  ];
  fc.assert(
    fc.property(tree, (element) => {
      const again = parseXml(Buffer.from(`<r>${serialise(element)}</r>`)).elements()[0];
      return again !== undefined && JSON.stringify(plain(again)) === JSON.stringify(plain(element));
    }),
    { numRuns: 300 },
  );
});

t.test('nothing but a refusal comes out of broken bodies', async () => {
  const whole = '<?xml version="1.0"?><D:a xmlns:D="DAV:" b="&amp;"><!-- c --><D:c><![CDATA[x]]>&#65;</D:c></D:a>';
  fc.assert(
    fc.property(
      fc.nat(whole.length),
      fc.nat(6),
      fc.string({ unit: fc.constantFrom(...'<>/!?&;:=-[]"\' x#') }),
      (at, cut, put) => {
        refusal(whole.slice(0, at) + put + whole.slice(at + cut));
      },
    ),
    { numRuns: 3_000 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => void refusal(Buffer.from(octets))));
});
