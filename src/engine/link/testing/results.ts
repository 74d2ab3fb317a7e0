import type { FailureCode, Result } from '../../../contract/result.js';
import type { LinkState } from '../../../contract/target.js';
import type { Link } from '../link.js';
import { silentPrompter, type Prompter } from '../prompter.js';

/** Trusts every key and answers nothing. */
export const accepting: Prompter = { ...silentPrompter, acceptHostKey: () => Promise.resolve(true) };

/** The value of a result that must be one. */
export function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}

/** What a result failed with. */
export function failureCode(result: Result<unknown>): FailureCode | 'ok' {
  return result.ok ? 'ok' : result.failure.code;
}

/** The sentence that a result failed with. */
export function sentence(result: Result<unknown>): string {
  return result.ok ? 'ok' : result.failure.message;
}

/** Waits for a state of a link. */
export function reaches(link: Link, state: LinkState['state'], timeoutMs = 30_000): Promise<void> {
  return new Promise((resolve, reject) => {
    if (link.state.state === state) {
      resolve();
      return;
    }
    const timer = setTimeout(() => {
      reject(new Error(`the link is ${link.state.state}, not ${state}`));
    }, timeoutMs);
    link.onState((now) => {
      if (now.state !== state) return;
      clearTimeout(timer);
      resolve();
    });
  });
}
