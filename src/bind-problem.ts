/** Why a listener could not be bound, as a sentence that says what to change. Elsewhere: the settings (config.ts). */
import { ConfigError, type Listener, portName } from './config.ts';

const SENTENCES: Readonly<Record<string, (place: string, name: string) => string>> = {
  EADDRINUSE: (place, name) => `Something else listens on ${place}; stop it, or set ${name} to another port.`,
  EACCES: (place, name) => `This user may not listen on ${place}; set ${name} to a port above 1023.`,
  EADDRNOTAVAIL: (place) => `This machine has no address for ${place}; set CONVENE_HOST to one of its own.`,
  ENOTFOUND: (place) => `The host of ${place} is not known; set CONVENE_HOST to an IP address of this machine.`,
};

/** A ConfigError where the operator can do something about it, else the error itself. */
export function bindProblem(error: NodeJS.ErrnoException, listener: Listener, host: string, port = 0): Error {
  const sentence = SENTENCES[error.code ?? '']?.(`${host} port ${port}`, portName(listener));
  return sentence === undefined ? error : new ConfigError([sentence]);
}
