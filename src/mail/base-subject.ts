/**
 * The base subject: what SORT and THREAD compare.
 * RFC 5256 §2.1.
 * A decoded subject in, the subject without its marks of replies and forwards out. Each step moves an end of the text and
 * none looks at a place twice, so any subject takes one pass.
 */

export interface BaseSubject {
  readonly text: string;
  /** Was there a mark of a reply or a forward? */
  readonly reply: boolean;
}

/** @param subject as decodeHeaderText gives it */
export function baseSubjectOf(subject: string): BaseSubject {
  // Step 1: all white space is one space.
  const text = subject.replace(/\s+/g, ' ');
  let start = 0;
  let end = text.length;
  let reply = false;
  for (;;) {
    // Step 2: trailers.
    for (;;) {
      if (end > start && text[end - 1] === ' ') end--;
      else if (end - start >= 5 && text.slice(end - 5, end).toLowerCase() === '(fwd)') {
        end -= 5;
        reply = true;
      } else break;
    }
    // Steps 3 to 5: leaders and blobs.
    for (;;) {
      while (start < end && text[start] === ' ') start++;
      const { next, last } = skipBlobs(text, start, end);
      const after = skipMark(text, next, end);
      if (after > next) {
        start = after;
        reply = true;
        continue;
      }
      // A blob goes only if something stays.
      start = next < end ? next : last;
      break;
    }
    // Step 6: [fwd: …].
    if (text[end - 1] !== ']' || text.slice(start, start + 5).toLowerCase() !== '[fwd:') break;
    start += 5;
    end--;
    reply = true;
  }
  return { text: text.slice(start, Math.max(start, end)), reply };
}

/** The end of the blobs `[…]` that begin here, and where the last of them begins. */
function skipBlobs(text: string, from: number, end: number): { next: number; last: number } {
  let next = from;
  let last = from;
  while (next < end && text[next] === '[') {
    let at = next + 1;
    while (at < end && text[at] !== '[' && text[at] !== ']') at++;
    if (at >= end || text[at] === '[') break;
    // `[fwd: …]` at the very end of the text belongs to step 6.
    last = next;
    next = at + 1;
    while (next < end && text[next] === ' ') next++;
  }
  return { next, last };
}

/** After `re:`, `fw:` or `fwd:`, with white space and a blob before the colon; the position itself if there is none. */
function skipMark(text: string, from: number, end: number): number {
  const word = /^(?:re|fwd|fw)/i.exec(text.slice(from, Math.min(end, from + 3)));
  if (!word) return from;
  let at = from + word[0].length;
  while (at < end && text[at] === ' ') at++;
  if (text[at] === '[') {
    const blob = text.indexOf(']', at);
    const inner = blob < 0 ? '[' : text.slice(at + 1, blob);
    if (blob < 0 || blob >= end || inner.includes('[')) return from;
    at = blob + 1;
    while (at < end && text[at] === ' ') at++;
  }
  return at < end && text[at] === ':' ? at + 1 : from;
}
