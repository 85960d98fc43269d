/**
 * Mozilla's Marionette: runs scripts inside of a Mozilla program that was started with --marionette.
 * Its frames are `length:JSON`, requests [0, id, command, parameters], answers [1, id, error, result].
 */
import { connect, type Socket } from 'node:net';
import { StepFailed } from './steps.ts';

interface Failure {
  readonly error: string;
  readonly message: string;
}

export class Marionette {
  private readonly socket: Socket;
  private readonly waiting = new Map<number, (error: Failure | null, result: unknown) => void>();
  private buffer = Buffer.alloc(0);
  private last = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => this.read(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const answer of this.waiting.values()) answer({ error: 'closed', message: 'the program went away' }, null);
    });
  }

  /** Connects, and opens a session whose scripts run with the rights of the program itself. */
  static async connect(port: number): Promise<Marionette> {
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    const marionette = new Marionette(socket);
    await marionette.send('WebDriver:NewSession', { strictFileInteractability: true });
    await marionette.send('Marionette:SetContext', { value: 'chrome' });
    await marionette.send('WebDriver:SetTimeouts', { script: 60_000 });
    return marionette;
  }

  /** Runs the body of an async function; `arguments` are its arguments, the answer is what it returns. */
  async run<T>(body: string, ...args: unknown[]): Promise<T> {
    const script = `const done = arguments[arguments.length - 1];
      (async function () { ${body} }).apply(this, arguments).then(
        (value) => done({ value }),
        (error) => done({ error: String(error?.message ?? error) + ' ' + String(error?.stack ?? '').slice(0, 300) }),
      );`;
    const answer = (await this.send('WebDriver:ExecuteAsyncScript', { script, args, sandbox: 'system' })) as {
      value: { value?: T; error?: string };
    };
    if (answer.value.error !== undefined) throw new StepFailed(answer.value.error);
    return answer.value.value as T;
  }

  async quit(): Promise<void> {
    await this.send('Marionette:Quit', { flags: ['eForceQuit'] }).catch(() => {});
    this.socket.destroy();
  }

  private send(command: string, parameters: object): Promise<unknown> {
    const id = ++this.last;
    const body = JSON.stringify([0, id, command, parameters]);
    this.socket.write(`${Buffer.byteLength(body)}:${body}`);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new StepFailed(`${command}: no answer`)), 90_000);
      this.waiting.set(id, (error, result) => {
        clearTimeout(timer);
        this.waiting.delete(id);
        if (error === null) resolve(result);
        else reject(new StepFailed(`${command}: ${error.error} ${error.message}`));
      });
    });
  }

  private read(chunk: Buffer): void {
    this.buffer = Buffer.concat([this.buffer, chunk]);
    for (;;) {
      const colon = this.buffer.indexOf(':');
      if (colon < 0) return;
      const end = colon + 1 + Number(this.buffer.subarray(0, colon).toString());
      if (this.buffer.length < end) return;
      const message = JSON.parse(this.buffer.subarray(colon + 1, end).toString()) as unknown;
      this.buffer = this.buffer.subarray(end);
      // The first frame is a greeting, an object.
      if (!Array.isArray(message)) continue;
      const [, id, error, result] = message as [number, number, Failure | null, unknown];
      this.waiting.get(id)?.(error, result);
    }
  }
}
