import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { loadavg, machine } from 'node:os';
import { join } from 'node:path';
import { measureAlternately, summarise, type Measured } from '../../scripts/bench/rounds.mjs';
import { findAgentBinary } from '../../src/engine/deploy/agent-resources.js';
import { startSshd } from '../../src/engine/link/testing/sshd.js';
import { startLinksProcess } from './links-process.js';
import { startOpenSsh } from './peers.js';
import type { BenchOptions, BenchRow } from '../rows.js';

const megabyte = 1e6;
const piece = Buffer.alloc(256 * 1024, 'pyrometer');

/**
 * Our link in the app's own kind of links process, Electron's utility process, against OpenSSH's programs, through one
 * sshd on loopback. Rows in MB a second are better when higher, the others when lower.
 *
 * `upload_mb_s` is bytes of a file that no packing makes smaller, as they lie there in the end: ours sends them as they are, over the
 * connection that stands, by "cat" and with a look at how many came; scp makes a connection of its own for each file, which is what
 * it does by itself, "scp-shared" goes over one that stands. `agent_put_ms` is all that is done for the agent: looking what is
 * there, sending it packed, comparing its SHA-256 there and renaming it. scp does none of that with the same file.
 */
export async function bench({ quick, note }: BenchOptions): Promise<readonly BenchRow[]> {
  const bytes = (quick ? 50 : 200) * megabyte;
  const rounds = quick ? 3 : 7;
  note(
    `load ${loadavg()
      .map((value) => value.toFixed(1))
      .join(', ')}`,
  );
  const sshd = await startSshd(['MaxStartups 200', 'Subsystem sftp internal-sftp']);
  const source = await startSource(bytes);
  const { port } = source.address() as AddressInfo;
  const links = await startLinksProcess();
  const openSsh = await startOpenSsh(sshd, port);
  try {
    const rows: BenchRow[] = [];
    const here = { config: sshd.config, knownHosts: join(sshd.folder, 'known') };
    const ours = await links.ask({ kind: 'tunnel', ...here, port });

    note('tunnel: one stream');
    await download(ours, 'all', bytes);
    rows.push(
      throughput(
        'tunnel_mb_s',
        bytes,
        await measureAlternately(
          { ours: () => download(ours, 'all', bytes), ssh: () => download(openSsh.port, 'all', bytes) },
          { rounds },
        ),
      ),
    );

    note('tunnel: new requests, then 200 at once');
    const requests = quick ? 50 : 300;
    const each = await measureAlternately(
      { ours: () => download(ours, 'one', 1), ssh: () => download(openSsh.port, 'one', 1) },
      { rounds: requests },
    );
    rows.push(duration('request_ms', 'ms', each));
    await Promise.all(Array.from({ length: 200 }, () => download(ours, 'one', 1)));

    note('upload');
    const file = join(sshd.folder, 'upload');
    await writeFile(file, randomBytes(bytes));
    const uploads = await measureAlternately(
      {
        ours: () => links.ask({ kind: 'upload', from: file, to: join(sshd.folder, 'ours') }),
        scp: () => openSsh.scp(file, join(sshd.folder, 'theirs')),
        'scp-shared': () => openSsh.scpShared(file, join(sshd.folder, 'shared')),
      },
      { rounds },
    );
    rows.push(throughput('upload_mb_s', bytes, uploads));

    const resourcesDir = join(import.meta.dirname, '../../resources');
    note('the agent');
    try {
      const agent = await findAgentBinary(resourcesDir, machine());
      if (!agent.ok) throw new Error(agent.failure.message);
      let nth = 0;
      const puts = await measureAlternately(
        {
          ours: () => links.ask({ kind: 'install', resourcesDir, cacheFolder: join(sshd.folder, `cache-${nth++}`) }),
          scp: () => openSsh.scp(agent.value.path, join(sshd.folder, `agent-${nth}`)),
          'scp-shared': () => openSsh.scpShared(agent.value.path, join(sshd.folder, `shared-${nth}`)),
        },
        { rounds },
      );
      rows.push(duration('agent_put_ms', 'ms', puts));
    } catch (error) {
      note(`agent_put_ms is missing: ${String(error)}`);
    }

    note('first command');
    const commands = await measureAlternately(
      { ours: () => links.ask({ kind: 'first-command', ...here }), ssh: () => openSsh.firstCommand() },
      { rounds },
    );
    rows.push(duration('first_command_ms', 'ms', commands));

    note('first flame graph');
    try {
      const seconds: number[] = [];
      for (let round = 0; round < (quick ? 1 : 5); round++) {
        seconds.push(await links.ask({ kind: 'first-flame', ...here, resourcesDir }));
      }
      rows.push(duration('first_flame_s', 's', { ours: summarise(seconds) }));
    } catch (error) {
      note(`first_flame_s is missing: ${String(error)}`);
    }
    note(
      `load ${loadavg()
        .map((value) => value.toFixed(1))
        .join(', ')}`,
    );
    return rows;
  } finally {
    openSsh.dispose();
    links.dispose();
    source.close();
    await sshd.dispose();
  }
}

/** A server that sends one byte to who asks with "1", and `bytes` to everybody else. */
async function startSource(bytes: number): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (asked) => {
      if (asked.toString() === '1') {
        socket.end('1');
        return;
      }
      let left = bytes;
      const send = (): void => {
        while (left > 0) {
          const chunk = piece.subarray(0, Math.min(left, piece.length));
          left -= chunk.length;
          if (!socket.write(chunk)) {
            socket.once('drain', send);
            return;
          }
        }
        socket.end();
      };
      send();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** Connects, asks, reads to the end; what is short is an error. */
function download(port: number, what: 'all' | 'one', bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let read = 0;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.write(what === 'one' ? '1' : 'all');
    socket.on('data', (chunk) => (read += chunk.length));
    socket.once('error', reject);
    socket.once('close', () => {
      if (read === bytes) resolve();
      else reject(new Error(`${read} of ${bytes} bytes came through the tunnel`));
    });
  });
}

function throughput(id: string, bytes: number, times: Readonly<Record<string, Measured>>): BenchRow {
  const speed = ({ median }: Measured): number => bytes / megabyte / (median / 1000);
  const { ours, ...peers } = times;
  if (ours === undefined) throw new Error(`${id} was not measured`);
  return {
    id,
    ours: speed(ours),
    unit: 'MB/s',
    peers: Object.fromEntries(Object.entries(peers).map(([name, peer]) => [name, speed(peer)])),
    n: ours.n,
    spread: speed(ours) * (ours.spread / ours.median),
  };
}

function duration(id: string, unit: string, times: Readonly<Record<string, Measured>>): BenchRow {
  const { ours, ...peers } = times;
  if (ours === undefined) throw new Error(`${id} was not measured`);
  return {
    id,
    ours: ours.median,
    unit,
    peers: Object.fromEntries(Object.entries(peers).map(([name, peer]) => [name, peer.median])),
    n: ours.n,
    spread: ours.spread,
  };
}
