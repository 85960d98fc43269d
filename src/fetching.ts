/**
 * The port of the one outbound HTTP client: what the domain may ask of other servers.
 * Elsewhere: which addresses it refuses, and the limits (protocols/http-client.ts).
 */

export interface FetchRequest {
  /** http or https. */
  readonly url: string;
  /** Validators of the last good answer; '' for none. */
  readonly etag?: string;
  readonly lastModified?: string;
  readonly accept: string;
  readonly signal?: AbortSignal;
}

export type Fetched =
  | { readonly kind: 'same' }
  | { readonly kind: 'octets'; readonly octets: Buffer; readonly etag: string; readonly lastModified: string };

export interface Fetcher {
  /** @throws FetchError */
  fetch(request: FetchRequest): Promise<Fetched>;
}

/** The fetch was refused or failed; the message is a sentence for people and tells nothing of what was found inside. */
export class FetchError extends Error {
  override readonly name = 'FetchError';
  /** 'refused': it will never be fetched. 'gone': the server says so. 'failed': later may be better. */
  readonly kind: 'refused' | 'gone' | 'failed';

  constructor(kind: FetchError['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}
