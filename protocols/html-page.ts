/** The frame of pages for people: small, without scripts, nothing from elsewhere. Elsewhere: what stands in it (setup, guests). */
import { hash } from 'node:crypto';
import { escapeXml } from '../src/collections/property-text.ts';
import type { Language } from '../src/setup/guide.ts';

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:42em;margin:2em auto;padding:0 1em;color:#222;background:#fff}' +
  'code{background:#eee;padding:.1em .3em;overflow-wrap:anywhere}th{text-align:left;padding-right:1em;vertical-align:top}' +
  'button,.button{font:inherit;padding:.6em 1.2em;border:0;border-radius:.4em;background:#1558b0;color:#fff;text-decoration:none}' +
  'svg{width:12em;height:12em}nav a{margin-right:1em}';

/** Nothing but this style, and forms to this server. */
export const PAGE_POLICY =
  `default-src 'none'; style-src 'sha256-${hash('sha256', STYLE, 'base64')}'; form-action 'self'; ` +
  "base-uri 'none'; frame-ancestors 'none'";

/** A whole page around a body that is HTML. */
export function page(language: Language, title: string, body: string): string {
  return (
    `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    `<meta name="robots" content="noindex"><title>${escapeXml(title)}</title><style>${STYLE}</style></head>` +
    `<body><h1>${escapeXml(title)}</h1>${body}</body></html>\n`
  );
}
