import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const source = resolve(import.meta.dirname, '../../../../remote-agent');

/** A recorded store that answers as an agent does, without any privilege. */
export interface Replay {
  readonly socket: string;
  dispose(): Promise<void>;
}

/** Why no replay can be had here; undefined when it can. Never a reason where CI must not skip. */
export async function replayMissing(): Promise<string | undefined> {
  if (process.env['CI'] === 'true' || process.env['PYROMETER_REPLAY'] !== undefined) return undefined;
  try {
    await access(join(source, 'cmd/pyrometer-replay'));
    await promisify(execFile)('go', ['version']);
    return undefined;
  } catch {
    return 'pyrometer-replay cannot be built: Go or remote-agent/cmd/pyrometer-replay is missing';
  }
}

/** Builds pyrometer-replay (or takes PYROMETER_REPLAY) and serves ten made-up minutes that ended just now. */
export async function startReplay(): Promise<Replay> {
  const folder = await mkdtemp(join(tmpdir(), 'pyrometer-replay-'));
  const given = process.env['PYROMETER_REPLAY'];
  const program = given ?? join(folder, 'pyrometer-replay');
  if (given === undefined) {
    await promisify(execFile)('go', ['build', '-o', program, './cmd/pyrometer-replay'], { cwd: source });
  }
  const socket = join(folder, 'agent.sock');
  const options = ['--synthesize', '--minutes', '10', '--store', join(folder, 'store'), '--socket', socket];
  const child = spawn(program, options, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  await Promise.race([
    once(child.stdout, 'data'),
    ended.then(() => {
      throw new Error('pyrometer-replay ended before it served');
    }),
  ]);
  return {
    socket,
    dispose: async () => {
      child.kill();
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}
