import { expect, it } from 'vitest';
import type { Check } from '../../../contract/check.js';
import { checksText, checksVerdict } from './check-words.js';

const fine: Check = { id: 'kernel', state: 'ok', found: '6.1' };
const bad: Check = { id: 'btf', state: 'refused', found: 'none', advice: 'Use another kernel.' };

it('says what follows', () => {
  expect(checksVerdict([fine, { ...fine, state: 'warning' }])).toMatch(/^The agent can run there/);
  expect(checksVerdict([fine, bad])).toMatch(/1 thing is in its way/);
  expect(checksVerdict([bad, bad])).toMatch(/2 things are in its way/);
});

it('is text that can be passed on', () => {
  expect(checksText('web-1', [fine, bad])).toBe(`web-1
ok       Kernel: 6.1
refused  Kernel types (BTF): none
         Use another kernel.
The agent cannot run there: 1 thing is in its way.
`);
});
