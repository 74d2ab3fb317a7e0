import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AgentCarrier } from '../deploy/carry/agent-carrier.js';
import { writeFakeAgent } from '../deploy/testing/fake-agent.js';
import { agentMissing, buildAgent } from '../deploy/testing/real-agent.js';
import { HostKeys } from './host-keys.js';
import type { Link } from './link.js';
import { LocalLink } from './local-link.js';
import { SshLink } from './ssh-link.js';
import { accepting, failureCode, reaches, value } from './testing/results.js';
import { freePort, sshdMissing, startSshd, type TestSshd } from './testing/sshd.js';
import { Tunnel } from './tunnel.js';

// What every link does alike: to this computer, by the built-in SSH, and by the system's, which a server gets by offering
// what the built-in one lacks; of that also where it cannot share a connection, as on Windows.

const missing = await sshdMissing();
const noAgent = await agentMissing();

interface Kind {
  readonly name: string;
  /** Of the server; undefined: there is none. */
  readonly lines: readonly string[] | undefined;
  readonly message: RegExp | undefined;
  readonly oneSession?: boolean;
}

const needsSystemSsh = ['KexAlgorithms sntrup761x25519-sha512@openssh.com'];
const bySystemSsh = /^Connected by the system's ssh: 127\.0\.0\.1 offers only key exchanges that/;

const kinds: readonly Kind[] = [
  { name: 'local', lines: undefined, message: undefined },
  { name: 'built-in ssh', lines: [], message: undefined },
  { name: "system's ssh", lines: needsSystemSsh, message: bySystemSsh },
  { name: "system's ssh, one session", lines: needsSystemSsh, message: bySystemSsh, oneSession: true },
];

describe.each(kinds)('a link, $name', { timeout: 60_000 }, ({ lines, message, oneSession = false }) => {
  const skip = (lines !== undefined && missing !== undefined) || (oneSession && noAgent !== undefined);
  let sshd: TestSshd | undefined;
  let folder = '';
  let link: Link;
  let carrier: AgentCarrier | undefined;
  const links: Link[] = [];
  beforeAll(async () => {
    if (skip) return;
    sshd = lines === undefined ? undefined : await startSshd(lines);
    folder = sshd?.folder ?? (await mkdtemp(join(tmpdir(), 'pyrometer-local-')));
    if (!oneSession) return;
    await sshd?.configure([`SetEnv XDG_CACHE_HOME=${join(folder, 'cache')}`]);
    const bridges = await buildAgent(folder);
    const resourcesDir = await writeFakeAgent(join(folder, 'resources'), { socket: '', bridges });
    carrier = new AgentCarrier({ resourcesDir });
  }, 120_000);
  afterAll(async () => {
    await sshd?.dispose();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(() => {
    for (const each of links.splice(0)) each.dispose();
  });

  async function connected(): Promise<Link> {
    link =
      sshd === undefined
        ? new LocalLink()
        : new SshLink({
            config: sshd.config,
            prompter: accepting,
            hostKeys: new HostKeys(join(folder, 'own_known_hosts'), []),
            ...(carrier === undefined ? {} : { carrier, sshShares: false }),
          });
    links.push(link);
    value(await link.connect());
    return link;
  }

  it.skipIf(skip)('says how it is connected', async () => {
    const { state } = await connected();
    expect(state.state).toBe('connected');
    if (message === undefined) expect(state.message).toBeUndefined();
    else expect(state.message).toMatch(message);
    if (sshd !== undefined) expect(state.latencyMs).toBeTypeOf('number');
  });

  it.skipIf(skip)('runs commands with arguments as they are', async () => {
    await connected();
    const hostile = ["it's", '$(id)', 'a\nb', '-n', '', '*', '\\', '`id`'];
    const answer = value(await link.exec(['printf', '[%s]', ...hostile]));
    expect(answer).toMatchObject({ code: 0, stdout: hostile.map((text) => `[${text}]`).join('') });
    expect(value(await link.exec(['sh', '-c', 'cat; echo oops >&2; exit 7'], { stdin: 'in' }))).toEqual({
      code: 7,
      signal: null,
      stdout: 'in',
      stderr: 'oops\n',
    });
    expect(value(await link.exec(['pyrometer-no-such-program'])).code).toBe(127);
    expect(value(await link.exec(['sh', '-c', 'kill -9 $$']))).toMatchObject({ code: null });
  });

  it.skipIf(skip)('bounds time and output, and can be given up', async () => {
    await connected();
    expect(failureCode(await link.exec(['sleep', '30'], { timeoutMs: 100 }))).toBe('timeout');
    expect(failureCode(await link.exec(['yes'], { maxOutputBytes: 100_000 }))).toBe('too-large');
    const controller = new AbortController();
    const running = link.exec(['sleep', '30'], { signal: controller.signal });
    setTimeout(() => {
      controller.abort();
    }, 50);
    expect(failureCode(await running)).toBe('cancelled');
    expect(value(await link.exec(['echo', 'fine'])).stdout).toBe('fine\n');
  });

  it.skipIf(skip)('holds a command back whose output nobody reads', async () => {
    await connected();
    const bytes = 20_000_000;
    const running = value(await link.spawn(['sh', '-c', `head -c ${bytes} /dev/zero; head -c ${bytes} /dev/zero >&2`]));
    await new Promise((resolve) => setTimeout(resolve, 500));
    let [read, errors] = [0, 0];
    running.stdout.on('data', (chunk: Buffer) => (read += chunk.length));
    running.stderr.on('data', (chunk: Buffer) => (errors += chunk.length));
    running.stdin.end();
    expect(value(await running.exit).code).toBe(0);
    expect([read, errors]).toEqual([bytes, bytes]);
  });

  it.skipIf(skip)('uploads whole files, and says so when it cannot', async () => {
    await connected();
    const from = join(folder, 'upload');
    const bytes = Buffer.alloc(3_000_001, 'pyrometer');
    await writeFile(from, bytes);
    const to = join(folder, "it's $(here)");
    let last = 0;
    value(await link.upload(from, to, { onProgress: (sent) => (last = sent) }));
    if (sshd !== undefined) expect(last).toBe(bytes.length); // to this computer it takes no time
    expect((await readFile(to)).equals(bytes)).toBe(true);
    const compressed = join(folder, 'compressed');
    value(await link.upload(from, compressed, { compressed: true, onProgress: (sent) => (last = sent) }));
    if (sshd !== undefined) expect(last).toBe(bytes.length);
    expect((await readFile(compressed)).equals(bytes)).toBe(true);
    const packedPath = join(folder, 'upload.gz');
    await writeFile(packedPath, gzipSync(bytes));
    for (const gzip of [true, false]) {
      const packed = join(folder, `packed-${gzip}`);
      last = 0;
      const onProgress = (sent: number): void => void (last = sent);
      value(await link.upload(from, packed, { compressed: gzip, packedPath, onProgress }));
      if (sshd !== undefined) expect(last).toBe(bytes.length);
      expect((await readFile(packed)).equals(bytes)).toBe(true);
    }
    expect(failureCode(await link.upload(from, '/dev/full', { compressed: true }))).toBe(
      sshd === undefined ? 'no-space' : 'upload-corrupt',
    );
    expect(failureCode(await link.upload(from, '/proc/nowhere/file'))).toBe('upload-corrupt');
    expect(failureCode(await link.upload(from, '/dev/full'))).toBe(sshd === undefined ? 'no-space' : 'upload-corrupt');
  });

  it.skipIf(skip)('opens streams to Unix sockets and addresses of the target', async () => {
    await connected();
    const path = join(folder, 'echo.sock');
    const echo: Server = createServer((socket) => socket.pipe(socket)).listen(path);
    await once(echo, 'listening');
    const stream = value(await link.open({ kind: 'unix', path }));
    stream.write('hello');
    expect(String((await once(stream, 'data'))[0])).toBe('hello');
    stream.end();
    await once(stream, 'close');
    echo.close();
    expect(failureCode(await link.open({ kind: 'unix', path: join(folder, 'none.sock') }))).toBe('refused');
    expect(failureCode(await link.open({ kind: 'tcp', host: '127.0.0.1', port: await freePort() }))).toBe('refused');
  });

  it.skipIf(skip)('carries tunnels, many at once', async () => {
    await connected();
    const bytes = Buffer.alloc(200_000, 'tunnel');
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.resume();
      socket.on('error', () => socket.destroy());
      socket.on('end', () => socket.end(bytes));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const tunnel = value(await Tunnel.open(link, { kind: 'tcp', host: '127.0.0.1', port }));
    const received = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const socket = connect({ port: tunnel.port, host: '127.0.0.1', allowHalfOpen: true });
        socket.end('request');
        const chunks: Buffer[] = [];
        socket.on('data', (chunk: Buffer) => chunks.push(chunk));
        await once(socket, 'close');
        return Buffer.concat(chunks).equals(bytes);
      }),
    );
    expect(received).toEqual(received.map(() => true));
    expect(tunnel.counts).toMatchObject({ failures: 0, receivedBytes: 50 * bytes.length });
    tunnel.dispose();
    server.close();
  });

  it.skipIf(skip || lines === undefined)('comes back after the connection broke', async () => {
    await connected();
    const running = link.exec(['sleep', '30']);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const reconnecting = reaches(link, 'reconnecting');
    await sshd?.kill();
    expect(failureCode(await running)).toBe('not-connected');
    await reconnecting;
    await sshd?.restart();
    await reaches(link, 'connected');
    expect(value(await link.exec(['echo', 'back'])).stdout).toBe('back\n');
  });
});
