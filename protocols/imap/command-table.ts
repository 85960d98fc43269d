/** Every command by its name. What a command may be followed by and when it may come stands with the command. */
import { deleteAcl, getAcl, listRights, myRights, setAcl } from './commands/acl.ts';
import { capability, id, logout, noop } from './commands/any-state.ts';
import { append } from './commands/append.ts';
import { cancelUpdate } from './commands/cancel-update.ts';
import { compress } from './commands/compress.ts';
import { copy, move, uidCopy, uidMove } from './commands/copy-move.ts';
import { fetch, uidFetch } from './commands/fetch.ts';
import { idle } from './commands/idle.ts';
import { list, lsub, namespace, xlist } from './commands/list.ts';
import { create, remove, rename, status, subscribe, unsubscribe } from './commands/mailbox.ts';
import { authenticate, login, startTlsCommand } from './commands/not-authenticated.ts';
import { getQuota, getQuotaRoot, setQuota } from './commands/quota.ts';
import { replace, uidReplace } from './commands/replace.ts';
import { search, uidSearch } from './commands/search.ts';
import { close, enable, examine, select, unselect } from './commands/select.ts';
import { sort, thread, uidSort, uidThread } from './commands/sort.ts';
import { expunge, store, uidExpunge, uidStore } from './commands/store.ts';
import { uidBatches } from './commands/uid-batches.ts';
import type { Command, CommandTable } from './session.ts';

const check: Command = { ...noop, state: 'selected' };

export const commands: CommandTable = new Map<string, Command>(
  Object.entries({
    CAPABILITY: capability,
    NOOP: noop,
    LOGOUT: logout,
    ID: id,
    STARTTLS: startTlsCommand,
    AUTHENTICATE: authenticate,
    LOGIN: login,
    ENABLE: enable,
    SELECT: select,
    EXAMINE: examine,
    CREATE: create,
    DELETE: remove,
    RENAME: rename,
    SUBSCRIBE: subscribe,
    UNSUBSCRIBE: unsubscribe,
    LIST: list,
    LSUB: lsub,
    XLIST: xlist,
    NAMESPACE: namespace,
    STATUS: status,
    GETACL: getAcl,
    SETACL: setAcl,
    DELETEACL: deleteAcl,
    LISTRIGHTS: listRights,
    MYRIGHTS: myRights,
    GETQUOTA: getQuota,
    GETQUOTAROOT: getQuotaRoot,
    SETQUOTA: setQuota,
    APPEND: append,
    IDLE: idle,
    COMPRESS: compress,
    CHECK: check,
    CLOSE: close,
    UNSELECT: unselect,
    EXPUNGE: expunge,
    'UID EXPUNGE': uidExpunge,
    SEARCH: search,
    'UID SEARCH': uidSearch,
    CANCELUPDATE: cancelUpdate,
    SORT: sort,
    'UID SORT': uidSort,
    THREAD: thread,
    'UID THREAD': uidThread,
    FETCH: fetch,
    'UID FETCH': uidFetch,
    STORE: store,
    'UID STORE': uidStore,
    COPY: copy,
    'UID COPY': uidCopy,
    MOVE: move,
    'UID MOVE': uidMove,
    REPLACE: replace,
    'UID REPLACE': uidReplace,
    UIDBATCHES: uidBatches,
  }),
);
