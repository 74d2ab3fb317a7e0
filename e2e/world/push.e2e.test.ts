import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { startPyroscope } from './pyroscope';
import { repositoryFolder } from './support/places';
import { run } from './support/run';

const world = inject('world');

// The agent's own tests of pushing need a real Pyroscope, which only a world has: elsewhere they skip.
test('the agent pushes to a real Pyroscope and reads the same back', async () => {
  const limited = await startPyroscope(world.pyroscopeBinary, world.path, [
    '-auth.multitenancy-enabled=true',
    `-runtime-config.file=${join(repositoryFolder, 'e2e/world/push-limits.yaml')}`,
  ]);
  const said = await run(
    'go',
    ['test', '-count=1', '-v', '-run=^TestRealPyroscope', './internal/push', './internal/control'],
    {
      cwd: join(repositoryFolder, 'remote-agent'),
      env: {
        CGO_ENABLED: '0',
        PYROMETER_TEST_PYROSCOPE: world.pyroscopeUrl,
        PYROMETER_TEST_PYROSCOPE_LIMITS: limited.url,
      },
      timeoutMs: 580_000,
    },
  ).finally(() => limited.dispose());
  for (const name of [
    '',
    'AfterACutConnection',
    'AfterAKill',
    'AfterAnOutage',
    'DrawsTheSame',
    'GetsNoLabelsOfSamples',
    'IngestsTheSame',
    'RefusesATime',
    'TakesLargeProfiles',
    'TakesNoNewSeries',
    'TakesNoWindowsOfTenMinutes',
    'TellsWhatItHas',
    'TwoReplicasInOneWindow',
    'WithALowRate',
  ]) {
    expect(said).toContain(`--- PASS: TestRealPyroscope${name} `);
  }
  expect(said).not.toContain('--- SKIP');
}, 600_000);
