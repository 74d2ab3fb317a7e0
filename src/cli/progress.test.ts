import { expect, it } from 'vitest';
import { progressOn } from './progress.js';

it('writes a line for each step to a log, and one every ten seconds of a long one', () => {
  let nowMs = 0;
  let log = '';
  const progress = progressOn({ write: (text) => (log += text) }, () => nowMs);
  progress.show('connecting');
  progress.show('step 2 of 6: Uploading the agent');
  progress.show('step 2 of 6: Uploading the agent, 5 %');
  progress.show('step 2 of 6: Uploading the agent, 10 %');
  for (; nowMs <= 25_000; nowMs += 250) progress.show(`recording, ${String(Math.floor(nowMs / 1000))} of 25 s`, 0.5);
  progress.show('writing flame.html');
  progress.done('flame.html: 12 stacks');
  expect(log).toBe(`connecting
step 2 of 6: Uploading the agent
step 2 of 6: Uploading the agent, 5 %
recording, 0 of 25 s
recording, 10 of 25 s
recording, 20 of 25 s
writing flame.html
flame.html: 12 stacks
`);
});

it('draws over one line on a terminal', () => {
  let screen = '';
  const progress = progressOn({ isTTY: true, columns: 80, write: (text) => (screen += text) });
  progress.show('recording, 1 of 2 s', 0.5);
  progress.done('done');
  expect(screen.replaceAll('\u001b', '')).toBe(
    `\r[K[${'#'.repeat(12)}${'-'.repeat(12)}]  50 %  recording, 1 of 2 s\r[Kdone\n`,
  );
});
