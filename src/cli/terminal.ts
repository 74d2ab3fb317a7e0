import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** Asks on the terminal. Answers undefined where there is none, or when the user ends the input. */
export async function ask(question: string, echo: boolean): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  process.stderr.write(question);
  // readline echoes what is typed to its output; without one nothing is shown.
  const silent = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const reader = createInterface({ input: process.stdin, output: echo ? process.stderr : silent, terminal: true });
  const ended = new Promise<undefined>((resolve) => {
    reader.once('close', () => {
      resolve(undefined);
    });
  });
  const answer = await Promise.race([reader.question(''), ended]);
  reader.close();
  if (!echo) process.stderr.write('\n');
  return answer;
}
