/** How long this process, and the server inside it, has worked: a clock that stands still while other programs have the machine. */

/** Milliseconds of computing since the process started, in all of its threads. */
export function busyTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
