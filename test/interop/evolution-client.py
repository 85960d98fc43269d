"""Evolution's data server, driven through its own client library.

Reads one command a line as JSON, [name, argument, ...], and prints one answer a line: {"ok": value} or {"error": text}.
Runs inside of a D-Bus session of its own (evolution.ts starts it so). Nothing here knows of DAV: the data server speaks it.
"""
import json
import sys
import threading

import gi

for name, version in (('EDataServer', '1.2'), ('ECal', '2.0'), ('EBook', '1.2'), ('EBookContacts', '1.2')):
    gi.require_version(name, version)
from gi.repository import EBook, EBookContacts, ECal, EDataServer, Gio, GLib, ICalGLib  # noqa: E402

HOST, PORT, USER, PASSWORD = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]

# Answers to signals need a main loop, while commands wait for the data server.
threading.Thread(target=GLib.MainLoop().run, daemon=True).start()

registry = EDataServer.SourceRegistry.new_sync(None)
clients = {}


def credentials():
    given = EDataServer.NamedParameters.new()
    given.set('username', USER)
    given.set('password', PASSWORD)
    return given


def make_source(kind, path, name):
    """A source as the account dialogue makes one for a collection at a path."""
    source = EDataServer.Source.new(None, None)
    source.set_display_name(name)
    source.set_parent('caldav-stub' if kind == 'calendar' else 'carddav-stub')
    extension = {
        'calendar': EDataServer.SOURCE_EXTENSION_CALENDAR,
        'contacts': EDataServer.SOURCE_EXTENSION_ADDRESS_BOOK,
    }[kind]
    source.get_extension(extension).set_backend_name('caldav' if kind == 'calendar' else 'carddav')
    authentication = source.get_extension(EDataServer.SOURCE_EXTENSION_AUTHENTICATION)
    authentication.set_host(HOST)
    authentication.set_port(PORT)
    authentication.set_user(USER)
    authentication.set_method('plain/password')
    source.get_extension(EDataServer.SOURCE_EXTENSION_SECURITY).set_method('none')
    webdav = source.get_extension(EDataServer.SOURCE_EXTENSION_WEBDAV_BACKEND)
    webdav.set_resource_path(path)
    webdav.set_display_name(name)
    source.get_extension(EDataServer.SOURCE_EXTENSION_OFFLINE).set_stay_synchronized(True)
    return source


def discover(kind, path):
    """What the data server finds from a path of the server, or from its root."""
    source = make_source(kind, path, 'discovery')
    wanted = (
        EDataServer.WebDAVDiscoverSupports.EVENTS | EDataServer.WebDAVDiscoverSupports.TASKS
        if kind == 'calendar'
        else EDataServer.WebDAVDiscoverSupports.CONTACTS
    )
    url = f'http://{HOST}:{PORT}{path}'
    answer = EDataServer.webdav_discover_sources_sync(source, url, wanted, credentials(), None)
    found, addresses = answer[3], answer[4]
    return {
        'collections': [
            {'href': one.href, 'name': one.display_name, 'supports': int(one.supports)} for one in found
        ],
        'addresses': list(addresses or []),
    }


def open_source(kind, path, name):
    source = make_source(kind, path, name)
    registry.commit_source_sync(source, None)
    source = registry.ref_source(source.get_uid())
    source.connect('credentials-required', lambda one, *_: one.invoke_authenticate_sync(credentials(), None))
    if kind == 'calendar':
        client = ECal.Client.connect_sync(source, ECal.ClientSourceType.EVENTS, 0, None)
    else:
        client = EBook.BookClient.connect_sync(source, 0, None)
    source.invoke_authenticate_sync(credentials(), None)
    for _ in range(100):
        if source.get_connection_status() == EDataServer.SourceConnectionStatus.CONNECTED:
            break
        GLib.usleep(100_000)
    clients[kind] = client
    return {
        'status': source.get_connection_status().value_nick,
        'readonly': client.is_readonly(),
        'capabilities': client.get_capabilities(),
    }


def refresh(kind):
    clients[kind].refresh_sync(None)
    # The data server refreshes in a thread of its own after it answered.
    GLib.usleep(1_500_000)
    return None


FAIL = ECal.OperationFlags.CONFLICT_FAIL
BOOK_FAIL = EBookContacts.BookOperationFlags.CONFLICT_FAIL
commands = {
    'discover': discover,
    'open': open_source,
    'refresh': refresh,
    'create-event': lambda text: clients['calendar'].create_object_sync(ICalGLib.Component.new_from_string(text), FAIL, None)[1],
    'events': lambda: [
        one.get_icalcomponent().as_ical_string()
        for one in clients['calendar'].get_object_list_as_comps_sync('#t', None)[1]
    ],
    'event': lambda uid: clients['calendar'].get_object_sync(uid, None, None)[1].as_ical_string(),
    'change-event': lambda uid, summary: change_event(uid, summary),
    'remove-event': lambda uid: clients['calendar'].remove_object_sync(uid, None, ECal.ObjModType.ALL, FAIL, None),
    'create-contact': lambda text: clients['contacts'].add_contact_sync(
        EBookContacts.Contact.new_from_vcard(text), BOOK_FAIL, None
    )[1],
    'contacts': lambda: [
        one.get_property('full-name') for one in clients['contacts'].get_contacts_sync('#t', None)[1]
    ],
    'change-contact': lambda uid, field, value: change_contact(uid, field, value),
    'remove-contact': lambda uid: clients['contacts'].remove_contact_by_uid_sync(uid, BOOK_FAIL, None),
}


def change_event(uid, summary):
    event = clients['calendar'].get_object_sync(uid, None, None)[1]
    event.set_summary(summary)
    return clients['calendar'].modify_object_sync(event, ECal.ObjModType.ALL, FAIL, None)


def change_contact(uid, field, value):
    contact = clients['contacts'].get_contact_sync(uid, None)[1]
    contact.set_property(field, value)
    return clients['contacts'].modify_contact_sync(contact, BOOK_FAIL, None)


for line in sys.stdin:
    name, *arguments = json.loads(line)
    try:
        answer = {'ok': commands[name](*arguments)}
    except Exception as error:  # whatever it is, the step fails with it
        answer = {'error': f'{type(error).__name__}: {getattr(error, "message", error)}'}
    print(json.dumps(answer), flush=True)
