import { randomUUID } from 'node:crypto';
import { spawn } from 'node:child_process';
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryFolder } from '../world/support/places';
import type { Finished } from '../world/support/run';
import type { WorldAddresses } from '../world/world';

/** A desktop user with an empty home and no terminal, who runs the command line. */
export interface CommandLine {
  readonly home: string;
  /** Makes a file in the home and answers its path. */
  write(name: string, content: string | Uint8Array, mode?: number): string;
  /** Runs the built command line in the home, to its end; `more` is added to its environment. */
  run(
    args: readonly string[],
    onStderr?: (said: string, interrupt: () => void) => void,
    more?: Readonly<Record<string, string>>,
  ): Promise<Finished>;
}

const program = join(repositoryFolder, 'out/main/cli.js');
/** A recording of twenty seconds on a machine that is very busy. */
const timeoutMs = 150_000;

/** Makes a home for `desk` of the world. */
export function commandLineOf(world: WorldAddresses): CommandLine {
  const { uid, gid, name } = world.users.desk;
  const home = join(world.path, 'tmp', `home-cli-${randomUUID().slice(0, 8)}`);
  const own = (path: string): void => {
    chownSync(path, uid, gid);
  };
  for (const folder of [home, join(home, '.ssh'), join(home, 'tmp')]) {
    mkdirSync(folder, { mode: 0o700 });
    own(folder);
  }
  const env = {
    HOME: home,
    USER: name,
    LOGNAME: name,
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LANG: 'C.UTF-8',
    TMPDIR: join(home, 'tmp'),
  };
  return {
    home,
    write: (file, content, mode = 0o600) => {
      const path = join(home, file);
      writeFileSync(path, content, { mode });
      own(path);
      return path;
    },
    run: (args, onStderr, more = {}) =>
      new Promise((resolve, reject) => {
        const become = ['--reuid', String(uid), '--regid', String(gid), '--init-groups', '--pdeathsig', 'KILL', '--'];
        const child = spawn('setpriv', [...become, process.execPath, program, ...args], {
          cwd: home,
          env: { ...env, ...more },
          stdio: ['ignore', 'pipe', 'pipe'],
          timeout: timeoutMs,
          killSignal: 'SIGKILL',
        });
        let [stdout, stderr] = ['', ''];
        child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
        child.stderr.on('data', (chunk: Buffer) => {
          stderr += chunk.toString();
          onStderr?.(stderr, () => child.kill('SIGINT'));
        });
        child.once('error', reject);
        child.once('close', (code) => {
          resolve({ code, stdout, stderr });
        });
      }),
  };
}
