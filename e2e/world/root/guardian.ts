import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, repositoryFolder } from '../support/places';
import { clearWorld, createWorldFolder, removeDeadWorlds, type WorldFolder } from './folder';
import { describe, processesOf } from './processes';
import { changedPaths, hashTree } from './tree-hash';

/** Names the world's folder to what runs inside. */
export const worldVariable = 'PYROMETER_E2E_WORLD';

/** What became of a command that ran in a world. */
export interface Visit {
  readonly worldId: string;
  /** The command's own exit code; 128 + number when a signal ended it. */
  readonly exitCode: number;
  /** Processes that the command left running and that the guardian had to end. */
  readonly leftProcesses: readonly string[];
  /** What changed below /etc of the machine meanwhile; empty, or the world leaks. */
  readonly changedEtc: readonly string[];
}

/** How to run a command in a world. */
export interface VisitOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly say?: (line: string) => void;
  /** The real folder that is seen inside and where the command starts. Default: the project. */
  readonly folder?: string;
  /** How long the command may take to end after a signal before everything inside is killed. */
  readonly endTimeoutMs?: number;
}

/** Why no world can be made here, in one sentence; undefined when one can. */
export function whyNoWorld(): string | undefined {
  if (process.platform !== 'linux') return 'the test world needs Linux (mount namespaces)';
  if (process.getuid?.() !== 0) return 'the test world needs root (mount namespace, users, sshd, dockerd)';
  return undefined;
}

/**
 * Makes a root of its own, runs a command in it, and clears everything away, also when the command is killed or this
 * process gets SIGINT, SIGTERM or SIGHUP. When this process itself is killed with SIGKILL, the command gets SIGTERM from
 * the kernel, and the next visit removes the folder.
 */
export async function visitWorld(command: readonly string[], options: VisitOptions = {}): Promise<Visit> {
  const reason = whyNoWorld();
  if (reason !== undefined) throw new Error(reason);
  const say = options.say ?? ((line: string) => void process.stderr.write(`${line}\n`));
  for (const id of await removeDeadWorlds()) say(`world: cleared away ${id}, whose guardian had been killed`);

  mkdirSync(cacheFolder(), { recursive: true });
  const etcBefore = hashTree('/etc');
  const folder = createWorldFolder();
  let exitCode: number;
  let leftProcesses: readonly string[];
  try {
    exitCode = await runInside(folder, command, options);
  } finally {
    leftProcesses = (await clearWorld(folder)).map(describe);
  }
  for (const one of leftProcesses) say(`world: had to end ${one}`);
  const changedEtc = changedPaths(etcBefore, hashTree('/etc'));
  for (const path of changedEtc) say(`world: ${path} of the machine was changed meanwhile`);
  return { worldId: folder.id, exitCode, leftProcesses, changedEtc };
}

async function runInside(folder: WorldFolder, command: readonly string[], options: VisitOptions): Promise<number> {
  const enter = join(import.meta.dirname, 'enter.sh');
  const args = ['--pdeathsig', 'TERM', 'unshare', '--mount', 'sh', enter];
  const child = spawn(
    'setpriv',
    [...args, folder.path, options.folder ?? repositoryFolder, cacheFolder(), ...command],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      // A session of its own: Ctrl+C reaches the command once, through the guardian, and not a second time from the terminal.
      detached: true,
      env: { ...process.env, PATH: systemPath(), ...options.env, [worldVariable]: folder.path },
    },
  );
  const release = passSignals(child, folder, options.endTimeoutMs ?? 60_000);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        resolve(code ?? 128 + (signal === 'SIGINT' ? 2 : signal === 'SIGKILL' ? 9 : 15));
      });
    });
  } finally {
    release();
  }
}

/** Hands the first signal on to the command; at the second one, or when it takes too long, kills what is inside. */
function passSignals(child: ChildProcess, folder: WorldFolder, patienceMs: number): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  let timer: NodeJS.Timeout | undefined;
  const killAll = (): void => {
    for (const one of processesOf(folder.id)) process.kill(one.pid, 'SIGKILL');
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (timer !== undefined) {
      killAll();
      return;
    }
    timer = setTimeout(killAll, patienceMs);
    child.kill(signal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  return () => {
    clearTimeout(timer);
    for (const signal of signals) process.off(signal, onSignal);
  };
}

/** A login through su or cron may lack the folders of sshd, dockerd and useradd. */
function systemPath(): string {
  const known = (process.env['PATH'] ?? '').split(':').filter((part) => part !== '');
  return [...new Set([...known, '/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'])].join(
    ':',
  );
}
