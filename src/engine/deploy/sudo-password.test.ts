import { describe, expect, it } from 'vitest';
import { SudoPassword } from './sudo-password.js';

/** A question whose answer comes later. */
function question(): { readonly ask: () => Promise<string | undefined>; readonly answer: (word?: string) => void } {
  let answer: (word?: string) => void = () => undefined;
  const answered = new Promise<string | undefined>((resolve) => {
    answer = resolve;
  });
  return { ask: () => answered, answer };
}

const never = (): Promise<string | undefined> => Promise.reject(new Error('nobody is to be asked'));

describe('SudoPassword', () => {
  it('is asked for once, also by two at the same time', async () => {
    const password = new SudoPassword();
    const { ask, answer } = question();
    const both = [password.get(ask), password.get(never)];
    answer('word');
    expect(await Promise.all(both)).toEqual(['word', 'word']);
    expect(await password.get(never)).toBe('word');
  });

  it('is asked for again by who waited when the first took the question back', async () => {
    const password = new SudoPassword();
    const { ask, answer } = question();
    const first = password.get(ask);
    const second = password.get(() => Promise.resolve('word'));
    answer();
    expect(await first).toBeUndefined();
    expect(await second).toBe('word');
  });

  it('is forgotten when sudo refuses it, but not for a word that was replaced meanwhile', async () => {
    const password = new SudoPassword();
    await password.get(() => Promise.resolve('wrong'));
    password.refused('wrong');
    expect(await password.get(() => Promise.resolve('right'))).toBe('right');
    password.refused('wrong');
    expect(await password.get(never)).toBe('right');
    password.forget();
    expect(await password.get(() => Promise.resolve('later'))).toBe('later');
  });
});
