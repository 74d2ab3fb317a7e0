import { expect, it } from 'vitest';
import { agentAge } from './agent-version.js';

it.each([
  ['0.2.0+aa', '0.1.0+bb', 'newer'],
  ['0.10.0+aa', '0.9.1+bb', 'newer'],
  ['0.1.1', '0.1', 'newer'],
  ['0.1.0+bb', '0.2.0+aa', 'older'],
  ['0.1.0+bb', '0.1.0+aa', 'other'],
  ['what', '0.1.0+aa', 'older'],
  ['0.1.0+aa', '0.1.0+aa', undefined],
])('an agent %s is, beside %s, %s', (running, ours, age) => {
  expect(agentAge(running, ours)).toBe(age);
});
