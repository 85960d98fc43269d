/**
 * Autodiscover for Outlook: plain XML ("POX") with the schema 2006a, and the JSON that points to it.
 * [MS-OXDSCLI] §2.2 and §3.1; nothing of Exchange is offered, so no EXCH, EXPR or mapiHttp blocks and no MobileSync.
 * The same for every address of a domain, known or not, and without a password.
 */
import { escapeXml } from '../collections/property-text.ts';
import type { MailService, Services } from './service-records.ts';

const OUTLOOK_SCHEMA = 'http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a';
const RESPONSE_SCHEMA = 'http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006';
const TYPES: Readonly<Record<MailService['kind'], string>> = { imap: 'IMAP', pop3: 'POP3', submission: 'SMTP' };

/** What a request asks for; undefined when it is not one that can be answered. */
export function readAutodiscover(body: string): { address: string } | undefined {
  if (/<!DOCTYPE/i.test(body)) return undefined;
  const text = (name: string) =>
    new RegExp(`<(?:[\\w-]{1,20}:)?${name}(?: [^<>]{0,500})?>([^<]{1,500})</`, 'i').exec(body)?.[1]?.trim() ?? '';
  const address = text('EMailAddress');
  if (!/^[^\s@<>&"]{1,64}@[^\s@<>&"]{1,255}$/.test(address)) return undefined;
  return text('AcceptableResponseSchema') === OUTLOOK_SCHEMA ? { address } : undefined;
}

/** The settings of an account. */
export function autodiscover(address: string, { host, mail }: Services): string {
  const preferred = mail.filter(({ kind }, index) => mail.findIndex((other) => other.kind === kind) === index);
  const protocols = preferred.map(
    ({ kind, port, security }) =>
      `<Protocol><Type>${TYPES[kind]}</Type><Server>${escapeXml(host)}</Server><Port>${port}</Port>` +
      `<LoginName>${escapeXml(address)}</LoginName><DomainRequired>off</DomainRequired><SPA>off</SPA>` +
      `<SSL>${security === 'tls' ? 'on' : 'off'}</SSL><Encryption>${security === 'tls' ? 'SSL' : 'TLS'}</Encryption>` +
      `<AuthRequired>on</AuthRequired>${kind === 'submission' ? '<UsePOPAuth>off</UsePOPAuth><SMTPLast>off</SMTPLast>' : ''}</Protocol>`,
  );
  return envelope(
    `<Response xmlns="${OUTLOOK_SCHEMA}"><User><DisplayName>${escapeXml(address)}</DisplayName></User>` +
      `<Account><AccountType>email</AccountType><Action>settings</Action>${protocols.join('')}</Account></Response>`,
  );
}

/** [MS-OXDSCLI] §2.2.4.1.1.1: 600 for a request that makes no sense. */
export function autodiscoverError(now: number): string {
  const time = new Date(now).toISOString().slice(11, 23);
  return envelope(
    `<Response><Error Time="${time}" Id="1"><ErrorCode>600</ErrorCode><Message>Invalid Request</Message><DebugData /></Error></Response>`,
  );
}

/** The answer to autodiscover.json: a URL for AutodiscoverV1, a refusal for everything else. */
export function autodiscoverJson(protocol: string, origin: string): { status: number; body: object } {
  if (protocol.toLowerCase() === 'autodiscoverv1')
    return { status: 200, body: { Protocol: 'AutodiscoverV1', Url: `${origin}/autodiscover/autodiscover.xml` } };
  const ErrorMessage = `The given protocol value '${protocol.slice(0, 40)}' is invalid. Supported values are 'AutodiscoverV1'.`;
  return { status: 400, body: { ErrorCode: 'InvalidProtocol', ErrorMessage } };
}

function envelope(response: string): string {
  return `<?xml version="1.0" encoding="utf-8"?>\n<Autodiscover xmlns="${RESPONSE_SCHEMA}">${response}</Autodiscover>\n`;
}
