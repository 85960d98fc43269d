/**
 * The control socket of a data folder: a Unix socket that only its owner may open, one JSON line for each request and reply.
 * Request: {"command": "user.list", "arguments": {}}. Reply: {"result": …} or {"error": {"code": …, "message": …}}.
 * By hand: `socat - UNIX-CONNECT:data/control.sock`. Elsewhere: what the commands do (src/administration/commands.ts).
 */
import { chmodSync, closeSync, openSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join, relative } from 'node:path';
import { DomainError, type ErrorCode } from '../../src/errors.ts';

/** Octets of one line, either way: a file of 10,000 people fits many times. */
const MAX_LINE = 16 * 1024 * 1024;
const MAX_CONNECTIONS = 16;
/** For a request to arrive. */
const PATIENCE_MS = 30_000;
/** sockaddr_un holds 108 octets on Linux and 104 on macOS, the last a NUL. */
const MAX_PATH = process.platform === 'linux' ? 107 : 103;

export type RunCommand = (command: string, given: unknown) => Promise<unknown>;

export interface ControlSocket {
  close(): Promise<void>;
}

/** No server has the socket open. */
export class NoServer extends Error {
  override readonly name = 'NoServer';
}

/** Serves a folder's control socket. The caller holds the lock of the folder, so what lies there is nobody's. */
export async function serveControl(
  folder: string,
  run: RunCommand,
  failed: (error: unknown) => void,
): Promise<ControlSocket> {
  const place = socketPlace(folder);
  rmSync(place.path, { force: true });
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.setTimeout(PATIENCE_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    readLine(socket)
      .then(async (line) => {
        socket.setTimeout(0);
        const reply = await answer(line, run, failed);
        socket.end(`${JSON.stringify(reply)}\n`);
      })
      .catch(() => socket.destroy());
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(place.path, resolve);
  });
  chmodSync(place.path, 0o600);
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // Commands in progress are finished; who has not asked yet is not waited for.
      const deadline = setTimeout(() => {
        for (const socket of open) socket.destroy();
      }, 2_000);
      await closed;
      clearTimeout(deadline);
      place.release();
    },
  };
}

/**
 * Sends one command to the server of a folder.
 * @throws NoServer when none listens; DomainError as the server refused
 */
export async function sendCommand(folder: string, command: string, given: unknown): Promise<unknown> {
  const place = socketPlace(folder);
  try {
    const socket = await new Promise<Socket>((resolve, reject) => {
      const opening = connect(place.path, () => resolve(opening));
      opening.once('error', (error: NodeJS.ErrnoException) =>
        reject(error.code === 'ENOENT' || error.code === 'ECONNREFUSED' ? new NoServer() : error),
      );
    });
    const line = `${JSON.stringify({ command, arguments: given })}\n`;
    if (Buffer.byteLength(line) > MAX_LINE) throw new DomainError('too-large', 'This is too much for one command.');
    socket.write(line);
    const reply = fields(JSON.parse(await readLine(socket)));
    socket.destroy();
    const error = reply.get('error');
    if (error === undefined) return reply.get('result');
    const refusal = fields(error);
    throw new DomainError(refusal.get('code') as ErrorCode, String(refusal.get('message')));
  } finally {
    place.release();
  }
}

async function answer(line: string, run: RunCommand, failed: (error: unknown) => void): Promise<object> {
  try {
    const request = fields(JSON.parse(line));
    return { result: (await run(String(request.get('command')), request.get('arguments'))) ?? null };
  } catch (error) {
    if (error instanceof DomainError) return { error: { code: error.code, message: error.message } };
    if (error instanceof SyntaxError)
      return { error: { code: 'invalid-data', message: 'A request is one line of JSON.' } };
    failed(error);
    return { error: { code: 'unavailable', message: 'The server failed to do this; its log says why.' } };
  }
}

/** The first line a socket sends. Rejects when it ends before, or the line is too long. */
function readLine(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    socket.on('data', (chunk: Buffer) => {
      const end = chunk.indexOf(0x0a);
      chunks.push(end === -1 ? chunk : chunk.subarray(0, end));
      size += chunk.length;
      if (end !== -1) resolve(Buffer.concat(chunks).toString('utf8'));
      else if (size > MAX_LINE) reject(new Error('a line is too long'));
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the other side closed the connection')));
  });
}

function fields(value: unknown): Map<string, unknown> {
  return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
}

/**
 * Where the socket lies, by a path short enough for the system: as it is, from the working directory, or through an open
 * descriptor of the folder, which Linux allows.
 */
function socketPlace(folder: string): { path: string; release: () => void } {
  const absolute = join(folder, 'control.sock');
  const near = relative(process.cwd(), absolute);
  for (const path of [absolute, near]) if (Buffer.byteLength(path) <= MAX_PATH) return { path, release: () => {} };
  if (process.platform !== 'linux')
    throw new DomainError('invalid-data', `The path of the data folder is too long for a socket: ${folder}`);
  const descriptor = openFolder(folder);
  return { path: `/proc/self/fd/${descriptor}/control.sock`, release: () => closeSync(descriptor) };
}

function openFolder(folder: string): number {
  try {
    return openSync(folder, 'r');
  } catch (error) {
    throw error instanceof Error && 'code' in error && error.code === 'ENOENT' ? new NoServer() : error;
  }
}
