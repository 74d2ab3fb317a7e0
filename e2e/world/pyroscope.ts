import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon } from './support/daemon';
import { cacheFolder, repositoryFolder } from './support/places';
import { freePorts } from './support/ports';
import { run } from './support/run';

/** A Pyroscope server on 127.0.0.1. */
export interface Pyroscope {
  readonly pid: number;
  /** "http://127.0.0.1:PORT". */
  readonly url: string;
  dispose(): Promise<void>;
}

const toolFolder = join(repositoryFolder, 'e2e/pyroscope-tool');

/**
 * The server's binary, built from its Go module once and kept by the content of go.mod and go.sum. Five minutes on two
 * cores with a cold build cache. It is a test tool in a module of its own (AGPL): nothing of it goes into the product.
 */
export async function pyroscopeBinary(say: (line: string) => void): Promise<string> {
  const hash = createHash('sha256');
  for (const name of ['go.mod', 'go.sum']) hash.update(readFileSync(join(toolFolder, name)));
  const file = join(cacheFolder(), `pyroscope-${process.arch}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(file)) return file;
  say('pyroscope: building it (once; up to five minutes)');
  mkdirSync(cacheFolder(), { recursive: true });
  const partial = `${file}.${process.pid}`;
  const args = ['build', '-trimpath', '-ldflags=-s -w', '-o', partial, 'github.com/grafana/pyroscope/cmd/pyroscope'];
  await run('go', args, { cwd: toolFolder, env: { CGO_ENABLED: '0' }, timeoutMs: 20 * 60_000 });
  renameSync(partial, file);
  return file;
}

let started = 0;

/** Starts a server with an empty store in the world's folder and waits until it takes profiles. */
export async function startPyroscope(
  binary: string,
  worldPath: string,
  flags: readonly string[] = [],
): Promise<Pyroscope> {
  const label = `pyroscope-${process.pid}-${++started}`;
  const folder = join(worldPath, 'tmp', label);
  mkdirSync(folder);
  const [http = 0, grpc = 0, gossip = 0] = await freePorts(3);
  const url = `http://127.0.0.1:${http}`;
  const daemon = await startDaemon({
    name: 'pyroscope',
    command: binary,
    args: [...loopbackFlags(http, grpc, gossip), ...storeFlags(folder), ...flags],
    cwd: folder,
    logFile: join(worldPath, 'logs', `${label}.log`),
    ready: async () => (await fetch(`${url}/ready`).catch(() => undefined))?.ok ?? false,
    readyTimeoutMs: 120_000,
  });
  return { pid: daemon.pid, url, dispose: () => daemon.dispose() };
}

/** It finds its address by looking at the network interfaces, for each ring anew, unless each is told. */
function loopbackFlags(http: number, grpc: number, gossip: number): readonly string[] {
  const rings = ['distributor.ring.instance', 'compactor.ring.instance', 'query-scheduler.ring.instance'];
  const others = [
    'store-gateway.sharding-ring.instance',
    'overrides-exporter.ring.instance',
    'query-frontend.instance',
  ];
  const stores = [
    'ring',
    'distributor.ring',
    'compactor.ring',
    'query-scheduler.ring',
    'store-gateway.sharding-ring',
    'overrides-exporter.ring',
  ];
  return [
    '-target=all',
    ...['-server.http-listen-address=127.0.0.1', `-server.http-listen-port=${http}`],
    ...['-server.grpc-listen-address=127.0.0.1', `-server.grpc-listen-port=${grpc}`],
    ...['-memberlist.bind-addr=127.0.0.1', `-memberlist.bind-port=${gossip}`, '-memberlist.advertise-addr=127.0.0.1'],
    '-memberlist.nodename=pyrometer-e2e',
    '-ingester.lifecycler.addr=127.0.0.1',
    ...[...rings, ...others].map((name) => `-${name}-addr=127.0.0.1`),
    ...stores.map((name) => `-${name}.store=inmemory`),
    ...['-usage-stats.enabled=false', '-self-profiling.disable-push=true'],
  ];
}

function storeFlags(folder: string): readonly string[] {
  return [
    '-storage.backend=filesystem',
    `-storage.filesystem.dir=${join(folder, 'shared')}`,
    `-pyroscopedb.data-path=${join(folder, 'data')}`,
    `-compactor.data-dir=${join(folder, 'compactor')}`,
    `-blocks-storage.bucket-store.sync-dir=${join(folder, 'sync')}`,
    '-ingester.min-ready-duration=0s',
    '-log.level=info',
  ];
}
