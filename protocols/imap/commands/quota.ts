/**
 * How much may be kept: GETQUOTA, GETQUOTAROOT.
 * RFC 9208 §4.1 and §4.2. The only resource is STORAGE, in units of 1,024 octets; limits are set by the operator, so SETQUOTA is
 * refused and QUOTASET is not announced.
 * Elsewhere: whose quota is whose (src/mail/quota-roots.ts), STATUS DELETED-STORAGE (mailbox.ts).
 */
import type { QuotaRoot } from '../../../src/mail/quota-roots.ts';
import { astring, Refusal } from '../responses.ts';
import type { Command } from '../session.ts';

const UNIT = 1_024;

export const getQuota: Command = {
  state: 'authenticated',
  async run(session, { arguments: args }) {
    args.space();
    const name = args.astring();
    args.end();
    session.stream.write(quotaLine(await session.services.quotas.named(session.user, name)));
    return 'That is all.';
  },
};

export const getQuotaRoot: Command = {
  state: 'authenticated',
  async run(session, { arguments: args }) {
    args.space();
    const wire = args.astring();
    args.end();
    const root = await session.services.quotas.ofMailbox(session.user, session.existingName(wire));
    session.stream.write(`* QUOTAROOT ${astring(wire)} ${astring(root.name)}\r\n${quotaLine(root)}`);
    return 'That is all.';
  },
};

export const setQuota: Command = {
  state: 'authenticated',
  run(_session, { arguments: args }) {
    args.space();
    args.astring();
    args.space();
    args.list(() => {
      args.atom();
      args.space();
      args.number64();
    });
    args.end();
    throw new Refusal('NO', 'NOPERM', 'Limits are set by the operator of the server.');
  },
};

/** RFC 9208 §4.2.1: an account without a limit has nothing in its list. */
function quotaLine({ name, used, limit }: QuotaRoot): string {
  const storage = limit === undefined ? '' : `STORAGE ${Math.ceil(used / UNIT)} ${Math.floor(limit / UNIT)}`;
  return `* QUOTA ${astring(name)} (${storage})\r\n`;
}
