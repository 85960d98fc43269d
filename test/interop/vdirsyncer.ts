/**
 * vdirsyncer on two computers of one person: items made, changed and deleted on either arrive on the other, for calendars
 * and address books; a conflict is resolved as configured, names of collections travel, and nothing is left to do at the end.
 */
import { existsSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { card, event } from '../support/generated-data.ts';
import { interop, must } from './steps.ts';
import { type Kind, VdirsyncerClient } from './vdirsyncer-client.ts';

const KINDS: readonly [Kind, typeof event, string][] = [
  ['caldav', event, 'SUMMARY:'],
  ['carddav', card, 'FN:'],
];

/** A later time than the file had, so that the client notices. */
function later(path: string): void {
  const time = Date.now() / 1000 + 5;
  utimesSync(path, time, time);
}

await interop('vdirsyncer', 1, async ({ server, persons, work, step }) => {
  const [person] = persons;
  must(person, 'no person');
  for (const [kind, make, property] of KINDS) {
    const desk = new VdirsyncerClient(work, 'desk', kind, server.url, person);
    const lap = new VdirsyncerClient(work, 'lap', kind, server.url, person);
    const text = (client: VdirsyncerClient, item: string) =>
      [...client.items(collection)].find(([, body]) => body.includes(item));
    let collection = '';
    await step(`${kind}: the desk discovers from the bare host`, () => desk.discover());
    await step(`${kind}: the desk synchronises`, () => desk.sync());
    await step(`${kind}: the collections of a new person are there`, () => {
      const wanted = kind === 'caldav' ? ['calendar', 'tasks'] : ['addressbook'];
      must(
        wanted.every((name) => desk.collections().includes(name)),
        `found ${desk.collections()}`,
      );
      collection = wanted[0] ?? '';
    });
    if (collection === '') continue;
    await step(`${kind}: the desk uploads three items`, () => {
      for (const i of [1, 2, 3]) writeFileSync(desk.path(collection, `item-${i}`), make(i));
      return desk.sync();
    });
    await step(`${kind}: the lap discovers`, () => lap.discover());
    await step(`${kind}: the lap downloads`, () => lap.sync());
    await step(`${kind}: the lap holds the same octets`, () => {
      for (const i of [1, 2, 3])
        must([...lap.items(collection).values()].includes(make(i)), `item ${i} is missing or changed`);
    });
    await step(`${kind}: an item changed on the lap is uploaded`, () => {
      const found = text(lap, 'made-000002');
      must(found, 'item 2 is not there');
      const path = `${lap.folder}/${collection}/${found[0]}`;
      writeFileSync(path, found[1].replace(property, `${property}Changed on the lap `));
      later(path);
      return lap.sync();
    });
    await step(`${kind}: and arrives on the desk`, async () => {
      await desk.sync();
      must(text(desk, 'made-000002')?.[1].includes('Changed on the lap'), 'the change is not there');
    });
    await step(`${kind}: changed on both, the server's wins`, async () => {
      for (const [client, words] of [
        [desk, 'desk'],
        [lap, 'lap'],
      ] as const) {
        const found = text(client, 'made-000001');
        must(found, 'item 1 is not there');
        const path = `${client.folder}/${collection}/${found[0]}`;
        writeFileSync(path, found[1].replace(property, `${property}By the ${words} `));
        later(path);
      }
      await desk.sync();
      await lap.sync();
      must(text(lap, 'made-000001')?.[1].includes('By the desk'), 'the lap kept its own');
    });
    await step(`${kind}: an item deleted on the desk`, () => {
      const found = text(desk, 'made-000003');
      must(found, 'item 3 is not there');
      rmSync(`${desk.folder}/${collection}/${found[0]}`);
      return desk.sync();
    });
    await step(`${kind}: disappears on the lap`, async () => {
      await lap.sync();
      must(text(lap, 'made-000003') === undefined, 'it is still there');
    });
    await step(`${kind}: a collection's name given on the desk reaches the lap`, async () => {
      writeFileSync(`${desk.folder}/${collection}/displayname`, 'Näme & <more>');
      await desk.metasync();
      await lap.metasync();
      const path = `${lap.folder}/${collection}/displayname`;
      must(existsSync(path), 'the lap has no name');
    });
    await step(`${kind}: both hold the same and have nothing to do`, async () => {
      for (const client of [desk, lap]) {
        const said = await client.sync();
        must(!/(Copying|Deleting)/.test(said), `something was left: ${said}`);
      }
      must(
        JSON.stringify([...desk.items(collection).values()].sort()) ===
          JSON.stringify([...lap.items(collection).values()].sort()),
        'they differ',
      );
    });
  }
});
