/**
 * What the server says it can do: before log-in what is needed to get there, afterwards everything that works.
 * RFC 3501 §6.1.1 and §7.2.1, RFC 7888 §5 (LITERAL+ alone), RFC 7889 (APPENDLIMIT).
 * Nothing is announced here that no test shows to work.
 */
import { MAX_MESSAGE_OCTETS } from '../../src/mail/message-stage.ts';
import { saslMechanisms } from '../sasl.ts';
import type { ImapSession } from './session.ts';

const ALWAYS = 'IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE';
const AFTER_LOGIN = [
  'IDLE UIDPLUS MOVE NAMESPACE CHILDREN UNSELECT SPECIAL-USE LIST-EXTENDED LIST-STATUS CONDSTORE QRESYNC ESEARCH CONTEXT=SEARCH',
  'MULTIAPPEND REPLACE BINARY SEARCHRES WITHIN PARTIAL UIDONLY UIDBATCHES STATUS=SIZE CREATE-SPECIAL-USE XLIST COMPRESS=DEFLATE UTF8=ACCEPT',
  'SORT SORT=DISPLAY ESORT THREAD=ORDEREDSUBJECT THREAD=REFERENCES I18NLEVEL=1',
  'OBJECTID SAVEDATE PREVIEW',
  'ACL RIGHTS=kxte LIST-MYRIGHTS QUOTA QUOTA=RES-STORAGE',
  `APPENDLIMIT=${MAX_MESSAGE_OCTETS}`,
].join(' ');

export function capabilities(session: ImapSession): string {
  if (session.principal !== undefined) return `${ALWAYS} ${AFTER_LOGIN}`;
  const words = [ALWAYS];
  if (!session.encrypted && session.services.tls() !== undefined) words.push('STARTTLS');
  // RFC 3501 §6.2.3: a client must not send a password when it reads LOGINDISABLED.
  if (!session.mayLogIn) words.push('LOGINDISABLED');
  else for (const name of saslMechanisms(session.services.authentication).keys()) words.push(`AUTH=${name}`);
  return words.join(' ');
}
