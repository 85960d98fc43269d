/**
 * The first module of each worker thread: loads the one it is for. JavaScript, because a thread does not inherit the
 * TypeScript loader of development and tests; where the module is TypeScript, the loader is registered here.
 */
import { workerData } from 'node:worker_threads';

const { module } = workerData;
if (module.endsWith('.ts')) {
  const { register } = await import('tsx/esm/api');
  register();
}
await import(module);
