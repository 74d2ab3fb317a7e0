import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { startDaemon } from './support/daemon';
import { cacheFolder, repositoryFolder } from './support/places';
import { freePorts } from './support/ports';
import { run, tryRun } from './support/run';
import { waitFor } from './support/wait';

const world = inject('world');
const sdkVersion = '1.4.0';

/** A Python with the SDK in it, made once. */
async function pythonWithSdk(): Promise<string> {
  const folder = join(cacheFolder(), `pyroscope-io-${sdkVersion}`);
  if (!existsSync(folder)) {
    mkdirSync(cacheFolder(), { recursive: true });
    const partial = `${folder}.${process.pid}`;
    await run('python3', ['-m', 'venv', partial], { timeoutMs: 120_000 });
    await run(join(partial, 'bin/python'), ['-m', 'pip', 'install', '-q', `pyroscope-io==${sdkVersion}`], {
      timeoutMs: 120_000,
    });
    renameSync(partial, folder);
  }
  return join(folder, 'bin/python');
}

const program = `
import sys, time, pyroscope
pyroscope.configure(application_name="sdk.shop", server_address=sys.argv[1], sample_rate=100, tags={"region": "eu"})
def burn_in_sdk(until):
    x = 0
    while time.time() < until:
        for i in range(10000): x += i * i
    return x
with pyroscope.tag_wrapper({"controller": "checkout"}):
    burn_in_sdk(time.time() + 25)
pyroscope.shutdown()
`;

test("the real Python SDK pushes to an agent's --ingest-listen, and the agent tells it apart", async () => {
  const python = await pythonWithSdk();
  const [port = 0] = await freePorts(1);
  const folder = join(world.path, 'tmp', `sdk-${process.pid}`);
  const runDirectory = join(folder, 'run');
  mkdirSync(runDirectory, { recursive: true });
  const agent = join(
    repositoryFolder,
    `resources/agent/linux-${process.arch === 'x64' ? 'amd64' : 'arm64'}/pyrometer-agent`,
  );
  const places = ['--store', join(folder, 'store'), '--run-dir', runDirectory];
  const control = (path: string, body: unknown): Promise<string> =>
    run('curl', [
      ...['-sS', '--fail-with-body', '--unix-socket', join(runDirectory, 'control-0.sock'), `http://agent/${path}`],
      ...['-H', 'content-type: application/json', '-d', JSON.stringify(body)],
    ]);
  const daemon = await startDaemon({
    name: 'pyrometer-agent',
    command: agent,
    args: ['run', ...places, '--uid', '0', '--ingest-listen', `127.0.0.1:${port}`],
    logFile: join(world.path, 'logs', `sdk-agent-${process.pid}.log`),
    ready: async () => (await tryRun(agent, ['status', ...places])).code === 0,
    readyTimeoutMs: 120_000,
  });
  onTestFinished(() => daemon.dispose());
  const status = JSON.parse(await control('agent.v1.AgentService/GetStatus', {})) as {
    status: { ingestAddress?: string };
  };
  expect(status.status.ingestAddress).toBe(`127.0.0.1:${port}`);
  await run(python, ['-c', program, `http://127.0.0.1:${port}`], { timeoutMs: 120_000 });
  const range = { start: Date.now() - 600_000, end: Date.now() + 60_000 };
  const selector = '{service_name="sdk.shop",region="eu",controller="checkout",pyrometer_origin="push"}';
  await waitFor(
    'what the SDK pushed',
    async () => {
      const types = await control('querier.v1.QuerierService/ProfileTypes', range);
      const [type] =
        /process_cpu:cpu:nanoseconds:cpu:nanoseconds|process_cpu:samples:count:cpu:nanoseconds/.exec(types) ?? [];
      if (type === undefined) return undefined;
      const query = { profile_typeID: type, label_selector: selector, ...range };
      const profile = await control('querier.v1.QuerierService/SelectMergeProfile', query);
      return profile.includes('burn_in_sdk') ? true : undefined;
    },
    { timeoutMs: 90_000, everyMs: 500 },
  );
}, 600_000);
