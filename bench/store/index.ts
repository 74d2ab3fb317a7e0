import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { summarise } from '../../scripts/bench/rounds.mjs';
import { pyroscopeBinary, startPyroscope } from '../../e2e/world/pyroscope.js';
import type { BenchOptions, BenchRow, Note } from '../rows.js';

/** What remote-agent/internal/store/storebench prints. */
interface Measured {
  readonly ingestSeconds: number;
  readonly queryMs: readonly number[];
  readonly flushedMs: readonly number[] | null;
  readonly total: number;
  readonly samples: number;
  readonly peakKb: number;
  readonly bytes: number;
}

/**
 * An hour of windows of 20 services, 2,000 stacks each of which a tenth is new in every window, into our store and into a real
 * Pyroscope. Ours takes windows, as the agent gives them; Pyroscope takes each as a pprof over HTTP, which is made before
 * the time is taken. Both are then asked for the hour of one service, and must give the same sum.
 */
export async function bench({ quick, note }: BenchOptions): Promise<readonly BenchRow[]> {
  const services = quick ? 4 : 20;
  const size = ['-services', String(services), '-windows', String(quick ? 60 : 240)];
  const folder = await mkdtemp(join(tmpdir(), 'pyrometer-bench-'));
  try {
    const program = join(folder, 'storebench');
    await promisify(execFile)('go', ['build', '-trimpath', '-o', program, './internal/store/storebench'], {
      cwd: join(import.meta.dirname, '../../remote-agent'),
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-trimpath -buildvcs=false' },
    });
    const end = String(Math.floor(Date.now() / 15_000) * 15);
    const measure = async (...args: string[]): Promise<Measured> => {
      const { stdout } = await promisify(execFile)(program, [...size, '-end', end, ...args]);
      return JSON.parse(stdout) as Measured;
    };
    const ours = await measure('-store', join(folder, 'store'));
    note(`ours: ${ours.samples} stacks in the hour of one service, at load ${load()}`);
    const theirs = await pyroscope(folder, measure, note);
    if (theirs !== undefined && (theirs.total !== ours.total || theirs.samples !== ours.samples)) {
      throw new Error(
        `The answers differ: ours ${ours.total} in ${ours.samples} stacks, Pyroscope's ${theirs.total} in ${theirs.samples}.`,
      );
    }
    const row = (id: string, value: number, unit: string, peer: number | undefined, n = 1, spread = 0): BenchRow => {
      return { id, ours: value, unit, peers: { pyroscope: peer ?? null }, n, spread };
    };
    const query = summarise(ours.queryMs);
    const head = theirs && summarise(theirs.queryMs).median;
    const flushed = theirs?.flushedMs ? summarise(theirs.flushedMs).median : undefined;
    return [
      row('ingest_s', ours.ingestSeconds, 's', theirs?.ingestSeconds),
      row('query_ms', query.median, 'ms', head, query.n, query.spread),
      row('query_ms after a flush', query.median, 'ms', flushed, query.n, query.spread),
      row('memory_mb', ours.peakKb / 1000, 'MB', theirs && theirs.peakKb / 1000),
      row('bytes_per_service_hour', ours.bytes / services, 'bytes', theirs && theirs.bytes / services),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Limits of a tenant are not what is measured. */
const flags = [
  '-validation.reject-older-than=0',
  '-distributor.ingestion-rate-limit-mb=4096',
  '-distributor.ingestion-burst-size-mb=4096',
];

async function pyroscope(
  folder: string,
  measure: (...args: string[]) => Promise<Measured>,
  note: Note,
): Promise<Measured | undefined> {
  let server;
  try {
    for (const name of ['tmp', 'logs']) await mkdir(join(folder, name));
    server = await startPyroscope(await pyroscopeBinary(note), folder, flags);
  } catch (error) {
    note(`pyroscope is missing: ${String(error).slice(0, 300)}`);
    return undefined;
  }
  try {
    const measured = await measure('-pyroscope', server.url);
    const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
    note(`pyroscope: at load ${load()}`);
    return {
      ...measured,
      peakKb: Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1]),
      bytes: await sizeOf(join(folder, 'tmp')),
    };
  } finally {
    await server.dispose();
  }
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      stat(join(entry.parentPath, entry.name)).then(
        ({ size }) => size,
        () => 0,
      ),
    );
  return (await Promise.all(sizes)).reduce((a, b) => a + b, 0);
}

function load(): string {
  return (loadavg()[0] ?? 0).toFixed(1);
}
