import { fail, type Failure } from '../../../contract/result.js';
import type { Deadline } from '../deadline.js';
import { refusedKey } from '../host-keys.js';

import type { SshOptions } from '../ssh-connect.js';
import type { AskpassQuestion } from './askpass.js';
import { readQuestion, type Question } from './prompts.js';

/** What was answered to ssh's questions about passwords and passphrases, by its words. Lives as long as its link. */
export type Answers = Map<string, string>;

export interface InterviewOptions extends Pick<SshOptions, 'config' | 'prompter'> {
  readonly answers: Answers;
  readonly onNotice?: (text: string) => void;
}

/** Puts ssh's questions to the user while one connection is made. */
export class Interview {
  /** How often each key's passphrase was asked for. */
  readonly passphrases = new Map<string, number>();
  private readonly options: InterviewOptions;
  private readonly signal: AbortSignal;
  private readonly asked = new Map<string, number>();
  private readonly given: Answers = new Map();
  private deadline: Deadline | undefined;
  private stop: (failure: Failure) => void = () => undefined;

  /** @param signal ends the questions that are open */
  constructor(options: InterviewOptions, signal: AbortSignal) {
    this.options = options;
    this.signal = signal;
  }

  /** Lets a time limit wait for the user, and gives the connection up where an answer says so. */
  follow(deadline: Deadline, stop: (failure: Failure) => void): void {
    this.deadline = deadline;
    this.stop = stop;
  }

  /** @param said what ssh said so far */
  async answer(asked: AskpassQuestion, said: string): Promise<string | null> {
    const before = this.asked.get(asked.text) ?? 0;
    this.asked.set(asked.text, before + 1);
    const question = readQuestion(asked, before);
    switch (question.kind) {
      case 'notice':
        this.options.onNotice?.(`Touch the security key. (${question.text})`);
        return null;
      case 'other':
        return null;
      case 'host-key':
        return this.hostKey(question);
      case 'secret':
        return this.secret(question, asked.text, before, said);
    }
  }

  /** The connection came about: what was answered was right. */
  succeeded(): void {
    for (const [text, answer] of this.given) this.options.answers.set(text, answer);
  }

  private async hostKey({ question }: Extract<Question, { kind: 'host-key' }>): Promise<string | null> {
    const { config, prompter } = this.options;
    const accepted = await this.waiting(() =>
      prompter.acceptHostKey({ targetId: config.id, ...question }, this.signal),
    );
    // The fingerprint, not "yes": ssh compares it with the key that it was shown.
    if (accepted) return question.fingerprint;
    this.stop(refusedKey(question.host, `${question.keyType} ${question.fingerprint}`).failure);
    return null;
  }

  private async secret(
    { question, about, key }: Extract<Question, { kind: 'secret' }>,
    text: string,
    before: number,
    said: string,
  ): Promise<string | null> {
    const { answers, config, prompter } = this.options;
    // A key that is not accepted is a mistake to be told, not a reason to ask for a password; a second factor is.
    const alone = config.authentication.method === 'key' && (config.jumps ?? []).length === 0;
    if (about === 'server' && alone && !/with partial success/.test(said)) return null;
    if (key !== undefined) this.passphrases.set(key, before + 1);
    const keep = about === 'passphrase' || about === 'password';
    const kept = keep && before === 0 ? answers.get(text) : undefined;
    answers.delete(text); // if it is wrong it is not offered again
    const answer =
      kept ??
      (
        await this.waiting<readonly string[] | null>(() =>
          prompter.askSecret({ targetId: config.id, ...question }, this.signal),
        )
      )?.[0];
    if (answer === undefined) {
      this.stop(fail('cancelled', 'The connection needs an answer that was not given.').failure);
      return null;
    }
    if (keep) this.given.set(text, answer);
    return answer;
  }

  private async waiting<T>(ask: () => Promise<T>): Promise<T> {
    this.deadline?.pause();
    try {
      return await ask();
    } finally {
      this.deadline?.resume();
    }
  }
}
