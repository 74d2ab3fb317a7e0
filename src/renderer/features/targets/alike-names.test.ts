import { expect, it } from 'vitest';
import { alikeNames } from './alike-names.js';

it('puts names together that differ by hashes only', () => {
  const symbols = [
    'symbols-7830337397336e89-d4e0385898535ca7.lines',
    'symbols-8c69ef78fb33ea90-9ce6694d6b20c2b1.lines',
  ];
  const alone = 'pyrometer-agent.part-0123456789abcdef';
  expect(alikeNames(['profiles.db', symbols[0] ?? '', 'agent.log', symbols[1] ?? '', alone])).toEqual([
    { title: 'profiles.db', names: ['profiles.db'] },
    { title: 'symbols-*.lines', names: symbols },
    { title: 'agent.log', names: ['agent.log'] },
    { title: alone, names: [alone] },
  ]);
});
