import { describe, expect, it } from 'vitest';
import { Precedence } from './precedence.js';

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

describe('precedence', () => {
  it('keeps what can wait until all that is urgent has ended, each once', async () => {
    const precedence = new Precedence();
    const told: string[] = [];
    await precedence.calm();
    const endFirst = precedence.begin();
    const endSecond = precedence.begin();
    void precedence.calm().then(() => told.push('calm'));
    endFirst();
    endFirst();
    await turn();
    expect(told).toEqual([]);
    endSecond();
    await turn();
    expect(told).toEqual(['calm']);
  });

  it('waits again where something else begins before it had its turn', async () => {
    const precedence = new Precedence();
    const told: string[] = [];
    const end = precedence.begin();
    void precedence.calm().then(() => told.push('calm'));
    end();
    const endNext = precedence.begin();
    await turn();
    expect(told).toEqual([]);
    endNext();
    await turn();
    expect(told).toEqual(['calm']);
  });
});
