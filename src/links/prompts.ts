import { randomUUID } from 'node:crypto';
import type { LinksEvents, Prompt } from '../contract/links.js';
import { fail, ok, type Result } from '../contract/result.js';
import type { HostKeyQuestion, Prompter, SecretQuestion } from '../engine/link/prompter.js';

/** Sends an event to every window. */
export type Emit = <Name extends keyof LinksEvents & string>(name: Name, payload: LinksEvents[Name]) => void;

interface OpenPrompt {
  readonly prompt: Prompt;
  readonly settle: (values: readonly string[] | null) => void;
}

/** Questions that wait for a window's answer. One that nobody answers ends with what asked. */
export class Prompts implements Prompter {
  private readonly emit: Emit;
  private readonly open = new Map<string, OpenPrompt>();

  constructor(emit: Emit) {
    this.emit = emit;
  }

  async acceptHostKey(question: HostKeyQuestion, signal: AbortSignal): Promise<boolean> {
    return (await this.ask((promptId) => ({ kind: 'host-key', promptId, ...question }), signal)) !== null;
  }

  askSecret(
    { targetId, title, explanation, fields }: SecretQuestion,
    signal: AbortSignal,
  ): Promise<readonly string[] | null> {
    return this.ask((promptId) => ({ kind: 'secret', promptId, targetId, title, explanation, fields }), signal);
  }

  answer(promptId: string, accept: boolean, values: readonly string[]): Result<null> {
    const found = this.open.get(promptId);
    if (found === undefined) return fail('not-found', 'That question is no longer open.');
    if (accept && found.prompt.kind === 'secret' && values.length !== found.prompt.fields.length) {
      return fail('invalid-input', 'Every field needs an answer.');
    }
    found.settle(accept ? values : null);
    return ok(null);
  }

  /** The questions that a new window has to show. */
  list(): readonly Prompt[] {
    return [...this.open.values()].map((each) => each.prompt);
  }

  private ask(make: (promptId: string) => Prompt, signal: AbortSignal): Promise<readonly string[] | null> {
    return new Promise((resolve) => {
      const promptId = `q-${randomUUID()}`;
      const prompt = make(promptId);
      const settle = (values: readonly string[] | null): void => {
        if (!this.open.delete(promptId)) return;
        signal.removeEventListener('abort', onAbort);
        this.emit('prompt.closed', { promptId });
        resolve(values);
      };
      const onAbort = (): void => {
        settle(null);
      };
      this.open.set(promptId, { prompt, settle });
      signal.addEventListener('abort', onAbort, { once: true });
      this.emit('prompt.opened', { prompt });
      if (signal.aborted) onAbort();
    });
  }
}
