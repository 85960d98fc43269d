/** CANCELUPDATE: results of searches are not kept up to date any longer. RFC 5267 §4.3.1. */
import { Refusal } from '../responses.ts';
import type { Command } from '../session.ts';

export const cancelUpdate: Command = {
  state: 'selected',
  run({ contexts }, { arguments: args }) {
    const tags: string[] = [];
    do {
      args.space();
      tags.push(args.string());
    } while (!args.atEnd);
    // Each of them is cancelled, whatever becomes of the others.
    const known = tags.filter((tag) => contexts.cancel(tag));
    if (known.length < tags.length) throw new Refusal('NO', '', 'No search with such a tag is kept up to date.');
    return 'Cancelled.';
  },
};
