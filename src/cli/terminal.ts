import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { askByProgram, askpassProgram } from './askpass.js';

/**
 * Asks on the terminal, or by the program that SSH_ASKPASS names where ssh would. Answers undefined where there is neither, or when the
 * user ends the input.
 *
 * @param about what the question is about, for a program, which shows no more than it is told
 */
export async function ask(question: string, echo: boolean, about = ''): Promise<string | undefined> {
  const program = askpassProgram(process.env, process.stdin.isTTY);
  if (program !== undefined) return askByProgram(program, about === '' ? question : `${about}\n${question}`);
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
