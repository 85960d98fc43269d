/** What accounts may hold. RFC 4331 §3, RFC 9208 §5.1. */
import t from 'tap';
import { quotaOf, requireRoom, setDefaultQuota, setQuota, takeOctets } from '../../../src/collections/quota.ts';
import { parseSize, printSize } from '../../../src/sizes.ts';
import { addPerson, temporaryStore } from '../../support/store.ts';

t.test('sizes', (t) => {
  const table: [text: string, octets: number | undefined, printed?: string][] = [
    ['0', 0, '0 bytes'],
    ['1023', 1023, '1023 bytes'],
    ['1k', 1024, '1 KB'],
    ['1.5 GB', 1_610_612_736, '1.5 GB'],
    ['500MiB', 524_288_000, '500 MB'],
    ['8000T', 8_796_093_022_208_000, '8000 TB'],
    ['999999999999T', undefined],
    ['', undefined],
    ['-1', undefined],
    ['1.G', undefined],
    ['5 gallons', undefined],
    ['G', undefined],
  ];
  for (const [text, octets, printed] of table) {
    t.equal(parseSize(text), octets, text);
    if (octets !== undefined) t.equal(printSize(octets), printed);
  }
  t.end();
});

t.test('a limit is that of the account, else the default, else none', async (t) => {
  const store = await temporaryStore(t);
  const [anna, bob] = [await addPerson(store, 'anna'), await addPerson(store, 'bob')];
  const limits = async () => [(await quotaOf(store, anna)).limit, (await quotaOf(store, bob)).limit];
  t.same(await limits(), [undefined, undefined]);
  await setQuota(store, anna, 100);
  t.same(await limits(), [100, undefined]);
  await setDefaultQuota(store, 50);
  t.same(await limits(), [100, 50]);
  await setQuota(store, anna, 'none');
  t.same(await limits(), [undefined, 50]);
  await setQuota(store, anna, 'default');
  t.same(await limits(), [50, 50]);
  await setQuota(store, bob, 0);
  t.same(await limits(), [50, 0], 'nothing is a limit too');
  await setDefaultQuota(store, undefined);
  t.same(await limits(), [undefined, 0]);
});

t.test('the last octet fits; what shrinks always does', async (t) => {
  const store = await temporaryStore(t);
  const anna = await addPerson(store, 'anna');
  await setQuota(store, anna, 100);
  const take = (octets: number) => store.transaction((write) => takeOctets(write, anna, octets));
  await take(99);
  await t.rejects(take(2), { code: 'over-quota', details: { limit: 100 } });
  await requireRoom(store, anna, 1);
  await t.rejects(requireRoom(store, anna, 2), { code: 'over-quota' });
  await take(1);
  t.same(await quotaOf(store, anna), { used: 100, limit: 100 });
  await setQuota(store, anna, 10);
  await requireRoom(store, anna, 0);
  await requireRoom(store, anna, -5);
  await take(-5);
  t.same(await quotaOf(store, anna), { used: 95, limit: 10 }, 'a lower limit takes nothing away');
  await t.rejects(take(1), { code: 'over-quota' });
});
