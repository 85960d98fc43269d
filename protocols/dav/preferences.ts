/**
 * What a client would rather have in an answer, as it says in Prefer and in the header that came before it.
 * RFC 7240 §2 (Prefer), §4.2 (return), RFC 8144 §2 (return=minimal), §3 (return=representation), §4 (depth-noroot).
 * All are hints: an answer that honours one says so in Preference-Applied.
 */
import type { Exchange } from './contract.ts';

/** `return=minimal`, its draft form `return-minimal`, and `Brief: t`. */
export function prefersMinimal({ request }: Exchange): boolean {
  const { brief } = request.headers;
  if (brief !== undefined && String(brief).trim().toLowerCase() === 't') return true;
  return preferences(request.headers.prefer).some((one) => /^return\s*[=-]\s*"?minimal"?$/.test(one));
}

/** `return=representation`: the answer to a change carries what is there now. */
export function prefersRepresentation({ request }: Exchange): boolean {
  return preferences(request.headers.prefer).some((one) => /^return\s*[=-]\s*"?representation"?$/.test(one));
}

/** `depth-noroot`: the answer leaves out the resource of the request itself. */
export function prefersNoRoot({ request }: Exchange): boolean {
  return preferences(request.headers.prefer).includes('depth-noroot');
}

/** RFC 7240 §3: what was done of what was preferred; several are listed in one header. */
export function preferenceApplied({ reply }: Exchange, preference: string): void {
  const others = reply.getHeader('preference-applied');
  reply.header('preference-applied', others === undefined ? preference : `${String(others)}, ${preference}`);
}

function preferences(header: string | string[] | undefined): string[] {
  if (header === undefined) return [];
  return String(header)
    .toLowerCase()
    .split(/[,;]/)
    .map((one) => one.trim());
}
