"""Python's poplib: log-in, every way to look at a maildrop, and DELE that counts only with QUIT."""

import poplib
import ssl
import sys

security, port, name, password, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5])
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE


def connect():
    if security == "TLS":
        client = poplib.POP3_SSL("127.0.0.1", port, context=context, timeout=20)
    else:
        client = poplib.POP3("127.0.0.1", port, timeout=20)
        if security == "STARTTLS":
            client.stls(context=context)
    client.user(name)
    client.pass_(password)
    return client


client = connect()
assert "UIDL" in client.capa() and "TOP" in client.capa(), client.capa()
assert client.stat()[0] == count, client.stat()
uids = client.uidl()[1]
assert len(set(line.split()[1] for line in uids)) == count, uids
for number in range(1, count + 1):
    lines = client.retr(number)[1]
    assert b"." in lines and b"..two dots" in lines and b".end" in lines, lines
    top = client.top(number, 1)[1]
    assert top[-1] == b"." and len(top) < len(lines), top
try:
    client.retr(count + 1)
    raise SystemExit("a message that is not there was told")
except poplib.error_proto:
    pass
client.dele(1)
client.rset()
client.dele(2)
# Gone without QUIT: nothing is removed.
client.close()

client = connect()
assert client.stat()[0] == count, client.stat()
client.dele(1)
client.quit()
