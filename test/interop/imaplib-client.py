"""Python's imaplib against a server: SECURITY PORT USER PASSWORD. Ends with an assertion when something is not as it should be."""
import imaplib
import ssl
import sys

security, port, user, password = sys.argv[1:5]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
if security == 'TLS':
    client = imaplib.IMAP4_SSL('127.0.0.1', int(port), ssl_context=context)
else:
    client = imaplib.IMAP4('127.0.0.1', int(port))
    if security == 'STARTTLS':
        assert client.starttls(context)[0] == 'OK'


def ok(answer):
    assert answer[0] == 'OK', answer
    return answer[1]


ok(client.login(user, password))
ok(client.create('library'))
text = b'Subject: from python\r\n\r\nbody \xc3\xbc\r\n'
for flags in ('(\\Seen)', '(\\Deleted)', None):
    ok(client.append('library', flags, '" 1-Feb-2020 10:00:00 +0000"', text))
assert ok(client.select('library')) == [b'3']
assert ok(client.fetch('1', '(RFC822)'))[0][1] == text
assert ok(client.search(None, 'UNSEEN', 'UNDELETED')) == [b'3']
assert ok(client.uid('SEARCH', 'CHARSET', 'UTF-8', 'BODY', b'"\xc3\xbc"')) == [b'1 2 3']
assert b'\\Flagged' in ok(client.store('3', '+FLAGS', '\\Flagged'))[0]
assert ok(client.expunge()) == [b'2']
ok(client.copy('1:2', 'Archive'))
assert b'MESSAGES 2' in ok(client.status('library', '(MESSAGES UIDNEXT)'))[0]
assert ok(client.namespace())
assert any(b'library' in line for line in ok(client.list()))
ok(client.close())
ok(client.delete('library'))
assert client.logout()[0] == 'BYE'
