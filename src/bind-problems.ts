/** Why a listener could not be bound, in a sentence that says what to do about it. */
import { ConfigError, type Listener, portName } from './config.ts';

const SENTENCES: Readonly<Record<string, (place: string, name: string) => string>> = {
  EADDRINUSE: (place, name) => `Something else listens on ${place}; stop it, or set ${name} to another port.`,
  EACCES: (place, name) => `This user may not listen on ${place}; set ${name} to a port above 1023.`,
  EADDRNOTAVAIL: (place) => `This machine has no address for ${place}; set CONVENE_HOST to one of its own.`,
  ENOTFOUND: (place) => `The host of ${place} is not known; set CONVENE_HOST to an IP address of this machine.`,
};

/** The error of a bind as one that is shown without a stack, where there is a sentence for it. */
export function bindProblem(error: unknown, listener: Listener, host: string, port: number | undefined): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? '';
  const sentence = SENTENCES[code]?.(`${host} port ${port}`, portName(listener));
  return sentence === undefined ? error : new ConfigError([sentence]);
}
