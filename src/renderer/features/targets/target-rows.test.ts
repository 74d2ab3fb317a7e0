import { expect, it } from 'vitest';
import type { SshTargetConfig, TargetState } from '../../../contract/target.js';
import { arrangeTargets } from './target-rows.js';

function target(name: string, more: Partial<SshTargetConfig> = {}): TargetState {
  return {
    config: {
      kind: 'ssh',
      id: name,
      name,
      host: `${name}.example.com`,
      port: 22,
      user: 'deploy',
      authentication: { method: 'agent' },
      ...more,
    },
    link: { state: 'disconnected' },
    agent: { state: 'unknown', recording: false },
    pyroscope: { state: 'none' },
  };
}

const local: TargetState = { ...target('x'), config: { kind: 'local', id: 'local', name: 'This computer' } };
const all = [
  local,
  target('web-1', { group: 'Shop' }),
  target('db', { group: 'Data' }),
  target('web-2', { group: 'Shop' }),
];

const shown = (filter: string): string[] =>
  arrangeTargets(all, filter).map(
    ({ name, targets }) => `${name}: ${targets.map(({ config }) => config.name).join(', ')}`,
  );

it('puts targets into their groups', () => {
  expect(shown('')).toEqual([': This computer', 'Data: db', 'Shop: web-1, web-2']);
});

it('keeps what has all words of the filter in its name, host, user or group', () => {
  expect(shown('shop 2')).toEqual(['Shop: web-2']);
  expect(shown('DEPLOY data')).toEqual(['Data: db']);
  expect(shown('computer')).toEqual([': This computer']);
  expect(shown('nothing')).toEqual([]);
});
