/**
 * APPEND: messages go from the socket to the stage, and become messages of a mailbox in one transaction.
 * RFC 3501 §6.3.11, RFC 3502 (MULTIAPPEND), RFC 4315 §3 (APPENDUID).
 * Elsewhere: one message (message-literal.ts).
 */
import type { MessageStage } from '../../../src/mail/message-stage.ts';
import type { NewMessage } from '../../../src/mail/messages.ts';
import { type LiteralHeader, literalOf } from '../command-reader.ts';
import { Arguments } from '../grammar.ts';
import { readMessage, refusing, targetMailbox, tryCreate } from '../message-literal.ts';
import { printNumbers } from '../sequence-set.ts';
import type { Command } from '../session.ts';

export const append: Command = {
  state: 'authenticated',
  async run(session, { arguments: args, message }) {
    if (message === undefined) return args.fail('a message is expected');
    const { messages } = session.services;
    const stages: MessageStage[] = [];
    try {
      args.space();
      const mailbox = await refusing(session, message, () => targetMailbox(session, args.astring()));
      const appended: NewMessage[] = [];
      let options = args;
      let octets = 0;
      for (let literal: LiteralHeader | undefined = message; literal !== undefined; ) {
        const stage = messages.stage(mailbox.accountId);
        stages.push(stage);
        const read = await readMessage(session, stage, literal, options, octets);
        octets += literal.octets;
        appended.push(read.message);
        // RFC 3502: another message, with flags and a date of its own.
        literal = literalOf(read.rest);
        options = new Arguments(read.rest);
        if (literal === undefined) options.end();
      }
      const { uidvalidity, uids } = await messages.append(session.user, mailbox, appended).catch(tryCreate);
      return `[APPENDUID ${uidvalidity} ${printNumbers(uids)}] Appended.`;
    } catch (error) {
      for (const stage of stages) await stage.discard();
      throw error;
    }
  },
};
