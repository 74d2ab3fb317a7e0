import { expect, it } from 'vitest';
import type { RunningProcess } from '../../../contract/profiled.js';
import { testStatus } from '../../../contract/testing/agent-status.js';
import { cleaned, namingOf, previewSentence, renamedRows } from './naming-preview.js';

const running = (service: string, proposed?: Record<string, string>): RunningProcess => ({
  pid: 1,
  executable: '/x',
  comm: 'x',
  containerId: '',
  container: '',
  service,
  profiled: true,
  ...(proposed === undefined ? {} : { proposed }),
});

it('tells services as they are and as they would be, what changes first', () => {
  const rows = renamedRows([
    running('web', { service_name: '/web', env: 'prod', container: 'web-1' }),
    running('web', { service_name: '/web', env: 'prod', container: 'web-2' }),
    running('nginx', { service_name: 'nginx', env: 'prod' }),
    running('redis'),
    running('', { service_name: 'cron' }),
    running(''),
  ]);
  expect(rows).toEqual([
    { before: 'redis', after: '', processes: 1, labels: [] },
    { before: '', after: 'cron', processes: 1, labels: [] },
    { before: 'web', after: '/web', processes: 2, labels: ['env=prod'] },
    { before: 'nginx', after: 'nginx', processes: 1, labels: ['env=prod'] },
  ]);
  expect(previewSentence(rows)).toBe('Of 4 present services 2 change their names, 1 is dropped.');
  expect(previewSentence(rows.slice(3))).toBe('None of 1 present services changes its name.');
});

it('leaves out labels that were left empty', () => {
  const labels = [
    { name: 'env', value: 'prod' },
    { name: ' ', value: '' },
    { name: 'team', value: '' },
  ];
  expect(cleaned({ labels, leadingSlash: false, relabelConfigs: '' }).labels.map(({ name }) => name)).toEqual([
    'env',
    'team',
  ]);
});

it('begins with the naming of an agent that runs, else with what is kept for the next one', () => {
  const kept = { labels: [{ name: 'env', value: 'prod' }], leadingSlash: false, relabelConfigs: '' };
  const config = { kind: 'local', id: 'local', name: 'here', naming: kept } as const;
  expect(namingOf({ config, agent: { state: 'stopped', recording: false } })).toBe(kept);
  const agent = { state: 'profiling', recording: true, status: testStatus } as const;
  expect(namingOf({ config, agent })).toBe(testStatus.naming);
});
