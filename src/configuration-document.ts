/** docs/configuration.md out of the schema of config.ts. Pure; `npm run docs` writes it, a test fails when it is stale. */
import { SETTINGS } from './config.ts';

export function configurationDocument(): string {
  const rows = SETTINGS.map(
    ({ name, type, default: standard, description }) =>
      `| \`${name}\` | ${type} | ${standard === '' ? 'none' : `\`${standard}\``} | ${description} |`,
  );
  return `# Configuration

<!-- Generated from src/config.ts by \`npm run docs\`. -->

Settings are environment variables; none is required. Every problem is reported at start, one sentence each, and an unknown
\`CONVENE_\` name is a problem too. An empty value is the same as none, except that it switches a listener off.

| Name | Type | Default | What it does |
|---|---|---|---|
${rows.join('\n')}

Any of them may be read from a file instead: \`CONVENE_PUBLIC_URL_FILE=/run/secrets/url\` is the content of that file, as containers
are given secrets.

A port of 0 picks a free one; the line that begins with \`convene ready\` tells which.

## Behind a reverse proxy

List the proxy in \`CONVENE_TRUSTED_PROXIES\` and let it send \`X-Forwarded-For\` and \`X-Forwarded-Proto\`; with \`https\` in the latter,
passwords are accepted. Set \`CONVENE_PUBLIC_URL\` to the address people use. Forwarded headers of anybody else are ignored, and
\`X-Forwarded-Host\` always is.

Without \`CONVENE_PUBLIC_URL\`, absolute URLs (the redirects of \`/.well-known/caldav\` and \`/.well-known/carddav\`) repeat the Host of a
request when it names \`CONVENE_DOMAIN\`, a host in it, \`localhost\` or the address the connection came to; otherwise they are paths
alone, which every client resolves against the place it asked.

## Certificates

Without \`CONVENE_TLS_CERT\` and \`CONVENE_TLS_KEY\` a self-signed certificate is made and kept in the data folder as \`tls-cert.pem\` and
\`tls-key.pem\`. It is renewed before it expires; delete both files to have a new one at the next start. TLS is version 1.2 or newer.

## Passwords

A password without TLS is accepted only from this machine, or from nobody with \`CONVENE_PLAINTEXT_LOGIN=never\`. After five failed
log-ins under one name from one network, one attempt a second is answered; after a hundred failures in a minute from one network,
none until the minute is over (429 with Retry-After).
`;
}
