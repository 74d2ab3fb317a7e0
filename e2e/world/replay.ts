import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startDaemon } from './support/daemon';
import { repositoryFolder } from './support/places';
import { run } from './support/run';

/** A made-up store that answers on a control socket as a running agent would: no eBPF, and the same data every time. */
export interface Replay {
  readonly socket: string;
  readonly pid: number;
  dispose(): Promise<void>;
}

/** What is made up, and for whom. */
export interface ReplayOptions {
  readonly worldPath: string;
  /** The user who finds it as the agent of this computer. */
  readonly uid: number;
  /** Equal seeds and ends give equal stores. */
  readonly seed: number;
  /** The end of the store; its last window ends at the 15 s before. */
  readonly endMs: number;
  readonly minutes: number;
}

const binary = join(repositoryFolder, 'build/e2e/pyrometer-replay');

/** Builds the program: half a minute with a cold cache, otherwise under a second. */
export async function buildReplay(): Promise<void> {
  mkdirSync(dirname(binary), { recursive: true });
  const partial = `${binary}.${process.pid}`;
  await run('go', ['build', '-o', partial, './cmd/pyrometer-replay'], {
    cwd: join(repositoryFolder, 'remote-agent'),
    // As for agents (scripts/setup/go.mjs), so that what they are made of is compiled once.
    env: { CGO_ENABLED: '0', GOFLAGS: '-trimpath -buildvcs=false' },
    timeoutMs: 5 * 60_000,
  });
  renameSync(partial, binary);
}

let started = 0;

/** Starts it where an agent of the user would answer. Throws when one does already. */
export async function startReplay(options: ReplayOptions): Promise<Replay> {
  const label = `replay-${process.pid}-${++started}`;
  const store = join(options.worldPath, 'tmp', label);
  const logFile = join(options.worldPath, 'logs', `${label}.log`);
  const socket = `/run/pyrometer/control-${options.uid}.sock`;
  mkdirSync(store, { mode: 0o700 });
  mkdirSync(dirname(socket), { recursive: true, mode: 0o711 });
  const daemon = await startDaemon({
    name: 'pyrometer-replay',
    command: binary,
    args: [
      ...['--socket', socket, '--uid', String(options.uid), '--store', store, '--synthesize'],
      ...['--seed', String(options.seed), '--end', new Date(options.endMs).toISOString()],
      ...['--minutes', String(options.minutes)],
    ],
    logFile,
    ready: () => readFileSync(logFile, 'utf8').includes(`serving ${socket}`),
    readyTimeoutMs: 120_000,
  });
  return { socket, pid: daemon.pid, dispose: () => daemon.dispose() };
}
