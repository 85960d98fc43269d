/** How much and how long an SMTP session may. */

export interface SessionLimits {
  /** Octets of a message, announced as SIZE. */
  readonly size: number;
  /** RFC 5321 §4.5.3.1.8 wants at least 100. */
  readonly recipients: number;
  /** Unknown recipients: from the first figure on each is answered late, at the second the connection ends. */
  readonly unknownSlow: number;
  readonly unknownLast: number;
  readonly unknownDelay: number;
  /** Failed log-ins of one connection. */
  readonly loginFailures: number;
  /** Milliseconds between two commands; before a log-in where one is asked for. */
  readonly command: number;
  readonly login: number;
  /** Milliseconds after which a message must come in with this many octets a second. */
  readonly slowAfter: number;
  readonly slowRate: number;
  /** How often the last three are looked at. */
  readonly tick: number;
  /** Milliseconds before the greeting in which whoever talks is no mail server. */
  readonly greetingDelay: number;
}

export const SESSION_LIMITS: SessionLimits = {
  size: 50 * 1024 * 1024,
  recipients: 1_000,
  unknownSlow: 10,
  unknownLast: 20,
  unknownDelay: 1_000,
  loginFailures: 5,
  command: 300_000,
  login: 60_000,
  slowAfter: 60_000,
  slowRate: 500,
  tick: 5_000,
  greetingDelay: 0,
};
