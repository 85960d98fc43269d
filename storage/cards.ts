/** Address object resources: tables `cards` and `card_data`. */

import { statements as deleted } from './deleted.ts';
import { memberReads, memberStatements } from './members.ts';
import { insertedId, type Sql } from './sql.ts';
import type { CardReads, CardRow, CardWrites } from './store.ts';
import { entomb, exhume } from './tombstones.ts';
import { charge, chargeReplaced, release } from './used-bytes.ts';

export const statements = {
  ...memberStatements('cards', 'card_data', 'card_id', 'm.card_uid AS cardUid, m.version, m.kind', 'card_uid'),
  insert: `INSERT INTO cards (collection_id, name, card_uid, version, kind, etag, size, modseq, created_at, modified_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
  update: `UPDATE cards SET name = ?, card_uid = ?, version = ?, kind = ?, etag = ?, size = ?, modseq = ?, modified_at = ?
    WHERE id = ?`,
  removeProperties: `DELETE FROM properties WHERE resource_kind = 'card' AND resource_id = ?`,
} as const;

export function cardReads(sql: Sql): CardReads {
  return memberReads<CardRow>(sql, statements);
}

export function cardWrites(sql: Sql, now: () => number): CardWrites {
  return {
    ...cardReads(sql),
    async add(row, data) {
      const { collectionId, name, cardUid, version, kind, etag, size, modseq, createdAt, modifiedAt } = row;
      const id = await insertedId(
        sql,
        statements.insert,
        collectionId,
        name,
        cardUid,
        version,
        kind,
        etag,
        size,
        modseq,
        createdAt,
        modifiedAt,
      );
      await sql.run(statements.insertData, id, data);
      await charge(sql, collectionId, size);
      await exhume(sql, collectionId, name);
      return id;
    },
    async replace(row, data) {
      const { name, cardUid, version, kind, etag, size, modseq, modifiedAt, id } = row;
      await chargeReplaced(sql, 'cards', row.collectionId, id, size);
      await sql.run(statements.update, name, cardUid, version, kind, etag, size, modseq, modifiedAt, id);
      await sql.run(statements.replaceData, data, id);
    },
    async move(row, accountId, to, modseq) {
      await sql.run(statements.move, to.collectionId, to.name, modseq, row.id);
      await entomb(sql, accountId, row, modseq);
      await exhume(sql, to.collectionId, to.name);
    },
    async remove(row, accountId, modseq) {
      await release(sql, row.collectionId, row.size);
      await sql.run(deleted.keepCard, row.id, accountId, now());
      await sql.run(statements.remove, row.id);
      await sql.run(statements.removeProperties, row.id);
      await entomb(sql, accountId, row, modseq);
    },
  };
}
