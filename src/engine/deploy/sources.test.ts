import { expect, it } from 'vitest';
import { serviceRows, withUnprofiled } from './sources.js';

const series = (cpuCores: number, labels: Record<string, string>, lastSeen = 1n) => ({
  labels: { host: 'h', ...labels },
  cpuCores,
  lastSeen,
});

it('makes one row of a service, whatever its series, and keeps what was pushed apart', () => {
  const rows = serviceRows([
    series(0.5, { service_name: 'web', container: 'web-1', runtime: 'python' }, 5n),
    series(0.25, { service_name: 'web', container: 'web-2', runtime: 'python' }, 9n),
    series(2, { service_name: 'sh' }),
    series(3, { service_name: 'web', pyrometer_origin: 'push' }),
    series(0.125, { service_name: 'sh', exited: 'true' }),
  ]);
  expect(rows).toEqual([
    {
      name: 'web',
      labels: { host: 'h', service_name: 'web', pyrometer_origin: 'push' },
      selector: '{service_name="web",pyrometer_origin="push"}',
      cpuCores: 3,
      lastSeenMs: 1,
      profileTypes: ['process_cpu:cpu:nanoseconds:cpu:nanoseconds'],
      pushed: true,
    },
    {
      name: 'sh',
      labels: { host: 'h', service_name: 'sh' },
      selector: '{service_name="sh"}',
      cpuCores: 2.125,
      lastSeenMs: 1,
      profileTypes: ['process_cpu:cpu:nanoseconds:cpu:nanoseconds'],
    },
    {
      name: 'web',
      labels: { host: 'h', service_name: 'web', runtime: 'python' },
      selector: '{service_name="web"}',
      cpuCores: 0.75,
      lastSeenMs: 9,
      profileTypes: ['process_cpu:cpu:nanoseconds:cpu:nanoseconds'],
    },
  ]);
});

it('marks services of which nothing is profiled, and lists those that never were', () => {
  const row = (name: string, more = {}): ReturnType<typeof serviceRows>[number] => ({
    name,
    labels: {},
    selector: `{service_name="${name}"}`,
    cpuCores: 1,
    ...more,
  });
  const rows = [row('web'), row('sh'), row('gone'), row('cron', { pushed: true })];
  const process = (service: string, profiled: boolean): { service: string; profiled: boolean } => ({
    service,
    profiled,
  });
  const running = [
    process('sh', false),
    process('web', false),
    process('web', true),
    process('sh', false),
    process('cron', false),
    process('', false),
  ];
  expect(withUnprofiled(rows, running)).toEqual([
    row('web'),
    row('sh', { notProfiled: true }),
    row('gone'),
    row('cron', { pushed: true }),
    { name: 'cron', labels: {}, selector: '{service_name="cron"}', notProfiled: true },
  ]);
});
