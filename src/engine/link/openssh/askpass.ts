import { constants } from 'node:fs';
import { open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errorCode } from '../../failures/thrown.js';

const lookEveryMs = 50;
const takeTimeoutMs = 5000;

/**
 * Run by ssh for each question, also by one that another ssh runs on the way. The question goes through a file of the
 * private folder, the answer through a pipe: it never lies on a disk and is no argument of a process.
 */
const script = `#!/bin/sh
# Hands a question of ssh to Pyrometer, and the answer to ssh.
umask 077
folder=\${0%/*}
trap 'rm -f "$folder/a.$$" "$folder/q.$$"' EXIT
trap 'exit 1' HUP INT TERM
mkfifo "$folder/a.$$" || exit 1
printf '%s\\n%s' "\${SSH_ASKPASS_PROMPT-}" "$1" >"$folder/n.$$" && mv "$folder/n.$$" "$folder/q.$$" || exit 1
{ read -r given && [ "$given" = answer ] && cat; } <"$folder/a.$$"
`;

/** What ssh asks. */
export interface AskpassQuestion {
  /** "none": it only tells something, and goes on by itself; "confirm": yes or no; "": a text. */
  readonly hint: string;
  readonly text: string;
}

/** Answers a question; null: no answer is given. */
export type Answerer = (question: AskpassQuestion) => Promise<string | null>;

/** How ssh hands its questions to us, until `dispose`. */
export interface AskpassWay {
  /** For SSH_ASKPASS. */
  readonly program: string;
  /** What that needs beside it. */
  readonly environment: NodeJS.ProcessEnv;
  dispose(): void;
}

/** Takes questions of ssh processes whose SSH_ASKPASS is the program of this folder. */
export class Askpass implements AskpassWay {
  readonly program: string;
  readonly environment = {};
  private readonly folder: string;
  private readonly answerer: Answerer;
  private readonly ending = new AbortController();

  private constructor(folder: string, answerer: Answerer) {
    this.folder = folder;
    this.program = join(folder, 'ask');
    this.answerer = answerer;
  }

  /** Puts the program into a private folder and looks for questions until `dispose`. */
  static async open(folder: string, answerer: Answerer): Promise<Askpass> {
    const askpass = new Askpass(folder, answerer);
    await writeFile(askpass.program, script, { mode: 0o700 });
    void askpass.look(); // ends with dispose
    return askpass;
  }

  dispose(): void {
    this.ending.abort();
  }

  private async look(): Promise<void> {
    while (!this.ending.signal.aborted) {
      const names = await readdir(this.folder).catch((): string[] => []); // it was removed: nobody asks
      for (const name of names) {
        const asker = /^q\.(\d+)$/.exec(name)?.[1];
        if (asker !== undefined) await this.take(asker);
      }
      await delay(lookEveryMs, undefined, { ref: false });
    }
  }

  private async take(asker: string): Promise<void> {
    const file = join(this.folder, `q.${asker}`);
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text === undefined) return; // its asker gave up
    await rm(file, { force: true });
    const end = text.indexOf('\n');
    // Not awaited: a hint to touch a key comes before the question that follows it.
    void this.answerer({ hint: text.slice(0, end), text: text.slice(end + 1) }).then((answer) =>
      this.give(join(this.folder, `a.${asker}`), answer),
    );
  }

  private async give(pipe: string, answer: string | null): Promise<void> {
    const deadline = Date.now() + takeTimeoutMs;
    for (;;) {
      try {
        // Never waits: there may be no reader any more.
        const file = await open(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
        try {
          await file.write(answer === null ? 'nothing\n' : `answer\n${answer}\n`);
        } finally {
          await file.close();
        }
        return;
      } catch (error) {
        const notYet = errorCode(error) === 'ENXIO' && Date.now() < deadline;
        if (!notYet) return; // the asker is gone, and with it who wanted to know
        await delay(10);
      }
    }
  }
}
