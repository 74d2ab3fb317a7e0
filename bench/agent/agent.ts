import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A running agent of the benchmark's own, with its own store and sockets. */
export interface BenchAgent {
  /** Every process of it: the agent and its keeper. */
  readonly pids: () => Promise<readonly number[]>;
  readonly pid: number;
  /** A call of its control socket, in Connect's JSON. */
  readonly call: (method: string, body: object) => Promise<unknown>;
  /** Ends it, with its last window stored. */
  readonly stop: () => Promise<void>;
}

let started = 0;

/** Starts an agent and waits until it samples. */
export async function startAgent(binary: string, folder: string, windowSeconds: number): Promise<BenchAgent> {
  const place = join(folder, `agent-${++started}`);
  await mkdir(place, { mode: 0o755 });
  const run = join(place, 'run');
  const log: Buffer[] = [];
  const options = [
    ...['--store', join(place, 'store'), '--run-dir', run, '--uid', '0', '--window', `${windowSeconds}s`],
    ...['--lease', '30m'], // Should the benchmark be killed, it ends by itself.
  ];
  const child = spawn(binary, ['run', ...options], { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.on('data', (chunk: Buffer) => log.push(chunk));
  const said = (): string => Buffer.concat(log).toString().slice(-2000);
  for (let waited = 0; (await stateOf(run)) !== 'profiling'; waited++) {
    if (child.exitCode !== null || waited > 600) {
      await end(child);
      throw new Error(`The agent did not start:\n${said()}`);
    }
    await sleep(100);
  }
  const pid = child.pid ?? 0;
  const socket = join(run, 'control-0.sock');
  return {
    pid,
    pids: async () => [pid, ...(await childrenOf(pid))],
    call: (method, body) => post(socket, method, body),
    stop: () => end(child),
  };
}

async function stateOf(run: string): Promise<string | undefined> {
  const text = await readFile(join(run, 'agent.json'), 'utf8').catch(() => '{}');
  try {
    return (JSON.parse(text) as { readonly state?: string }).state;
  } catch {
    return undefined; // It is being written.
  }
}

/** Ends a process of ours and waits for it. */
export async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGINT' = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

/** The children of a process, whichever of its threads started them. */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const texts = threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => ''));
  return (await Promise.all(texts)).flatMap((text) => text.split(' ').filter(Boolean).map(Number));
}

function post(socketPath: string, method: string, body: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'connect-protocol-version': '1' };
    const call = request({ socketPath, path: `/${method}`, method: 'POST', headers }, (reply) => {
      const parts: Buffer[] = [];
      reply.on('data', (part: Buffer) => parts.push(part));
      reply.on('error', reject);
      reply.on('end', () => {
        const text = Buffer.concat(parts).toString();
        if (reply.statusCode === 200) resolve(JSON.parse(text));
        else reject(new Error(`${method}: ${text.slice(0, 500)}`));
      });
    });
    call.on('error', reject);
    call.end(JSON.stringify(body));
  });
}
