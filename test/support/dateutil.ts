/**
 * Asks python-dateutil, an independent implementation of RFC 5545 §3.3.10, which dates rules yield.
 * One python process answers all questions of a call, over JSON lines (dateutil-oracle.py).
 */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface DateutilQuestion {
  rule: string;
  /** Local time, as are all times here. */
  start: number;
  /** How many instances from the beginning. */
  first: number;
  /** Inclusive spans. */
  windows: [number, number][];
  /** The most instances wanted of one window. */
  cap: number;
}

export type DateutilAnswer = { first: number[]; windows: number[][] } | { error: string } | { slow: true };

const ORACLE = fileURLToPath(new URL('./dateutil-oracle.py', import.meta.url));
/** Debian's python first: that is where python3-dateutil goes. */
const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';

/** Answers in the order of the questions. Rejects with what to install where python or dateutil is absent. */
export async function askDateutil(questions: readonly DateutilQuestion[]): Promise<DateutilAnswer[]> {
  const child = spawn(PYTHON, [ORACLE], { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      complaint += error.message;
      resolve();
    });
    child.once('close', () => resolve());
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(questions.map((question) => `${JSON.stringify(question)}\n`).join(''));
  const answers: DateutilAnswer[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    answers.push(JSON.parse(line) as DateutilAnswer);
  }
  await ended;
  if (answers.length < questions.length) {
    throw new Error(
      `This test compares with python-dateutil. Install python3 and dateutil: apt-get install python3-dateutil\n${complaint}`,
    );
  }
  return answers;
}
