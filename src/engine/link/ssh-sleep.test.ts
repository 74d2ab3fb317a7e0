import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { sshdMissing, startSshd, type TestSshd } from './testing/sshd.js';

// Fault 7: a laptop that sleeps for longer than a cut takes to be noticed. A stopped process is one: its timers stand still and
// what its server sends lies in the kernel.

const missing = await sshdMissing();
/** Longer than the 12 s after which a silent server counts as gone. */
const asleepMs = 20_000;

interface Said {
  readonly port?: number;
  readonly state?: string;
  readonly message?: string;
}

describe.skipIf(missing !== undefined)('a sleep longer than any patience', { timeout: 120_000 }, () => {
  let folder = '';
  let echo: Server;
  let sshd: TestSshd | undefined;
  let laptop: ChildProcess | undefined;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrometer-sleep-'));
    const entry = join(import.meta.dirname, 'testing', 'sleeping-link.ts');
    await build({ logLevel: 'silent', configFile: false, build: { ssr: entry, outDir: join(folder, 'built') } });
    await symlink(join(import.meta.dirname, '../../../node_modules'), join(folder, 'node_modules'));
    echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
    await once(echo, 'listening');
  }, 60_000);
  afterEach(async () => {
    laptop?.kill('SIGKILL');
    await sshd?.dispose();
  });
  afterAll(async () => {
    echo.close();
    await rm(folder, { recursive: true });
  });

  /** What the link's program said, as it comes. */
  async function start(lines: readonly string[]): Promise<Said[]> {
    sshd = await startSshd(lines);
    const child = spawn(process.execPath, [join(folder, 'built', 'sleeping-link.js')], {
      env: {
        ...process.env,
        HOME: folder,
        LINK_CONFIG: JSON.stringify(sshd.config),
        TUNNEL_TO: String((echo.address() as AddressInfo).port),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    laptop = child;
    const said: Said[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => said.push(JSON.parse(line) as Said));
    await vi.waitFor(() => {
      expect(said).toHaveLength(1);
    }, 20_000);
    return said;
  }

  async function ask(port: number, text: string): Promise<string> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.end(text);
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    return answer;
  }

  it('7: is forgiven where the server still holds the connection', async () => {
    const said = await start([]);
    const port = said[0]?.port ?? 0;
    expect(await ask(port, 'before')).toBe('before');
    laptop?.kill('SIGSTOP');
    await sleep(asleepMs);
    laptop?.kill('SIGCONT');
    expect(await ask(port, 'awake')).toBe('awake');
    // Long enough for questions to be missed that were asked before the sleep.
    await sleep(10_000);
    expect(await ask(port, 'still')).toBe('still');
    expect(said.slice(1)).toEqual([]);
  });

  it('7: is told where the server gave the connection up, and the tunnel is back on its port', async () => {
    const said = await start(['ClientAliveInterval 1', 'ClientAliveCountMax 2']);
    const port = said[0]?.port ?? 0;
    laptop?.kill('SIGSTOP');
    await sleep(asleepMs);
    laptop?.kill('SIGCONT');
    // What was asked before it noticed is lost with the old connection.
    await vi.waitFor(async () => {
      expect(await ask(port, 'awake')).toBe('awake');
    }, 30_000);
    expect(said[1]).toEqual({
      state: 'reconnecting',
      message: 'The connection to 127.0.0.1 broke; connecting again.',
    });
    expect(said.at(-1)?.state).toBe('connected');
  });
});
