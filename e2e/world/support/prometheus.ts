import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { startDaemon } from './daemon';
import { freePort } from './ports';
import { run } from './run';

/** A counter of requests that grows by so many each second, from one moment on, in one process. */
export interface RequestCounter {
  readonly labels: Readonly<Record<string, string>>;
  /** What it grows by a second from each moment on, Unix milliseconds. */
  readonly rates: readonly { readonly fromMs: number; readonly perSecond: number }[];
}

/** Something that answers as Prometheus does. */
export interface Prometheus {
  readonly port: number;
  /** A Prometheus, or a server of the test's own because there is none on the machine. */
  readonly kind: 'prometheus' | 'stand-in';
  dispose(): Promise<void>;
}

const metric = 'http_requests_total';
const scrapeSeconds = 15;
/** Where set-up unpacks it where it cannot be installed. */
const unpacked = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'pyrometer/unpacked/prometheus/usr/bin',
);

/** A program of Debian's package `prometheus`, installed or unpacked; undefined where the machine has neither. */
export function prometheusProgram(name: 'prometheus' | 'promtool'): string | undefined {
  const found = [join('/usr/bin', name), join(unpacked, name)].find((path) => existsSync(path));
  return found !== undefined && spawnSync(found, ['--version']).status === 0 ? found : undefined;
}

function valueAt({ rates }: RequestCounter, ms: number): number {
  return rates.reduce((sum, { fromMs, perSecond }, at) => {
    const untilMs = Math.min(ms, rates[at + 1]?.fromMs ?? ms);
    return sum + (Math.max(0, untilMs - fromMs) / 1000) * perSecond;
  }, 0);
}

/** Starts a Prometheus whose store holds these counters from one moment to the other, or what stands in for it. */
export async function startPrometheus(
  folder: string,
  counters: readonly RequestCounter[],
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
): Promise<Prometheus> {
  const [program, tool] = [prometheusProgram('prometheus'), prometheusProgram('promtool')];
  if (program === undefined || tool === undefined) return standIn(counters);
  mkdirSync(folder, { recursive: true });
  const lines = [`# TYPE http_requests counter`];
  for (const counter of counters) {
    const labels = Object.entries(counter.labels).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
    for (let ms = startMs; ms <= endMs; ms += scrapeSeconds * 1000) {
      lines.push(`${metric}{${labels.join()}} ${valueAt(counter, ms)} ${ms / 1000}`);
    }
  }
  const [input, store, config] = ['counters.om', 'store', 'prometheus.yml'].map((name) => join(folder, name));
  if (input === undefined || store === undefined || config === undefined) throw new Error('three paths');
  writeFileSync(input, `${lines.join('\n')}\n# EOF\n`);
  writeFileSync(config, 'global: {}\n');
  await run(tool, ['tsdb', 'create-blocks-from', 'openmetrics', input, store]);
  const port = await freePort();
  const daemon = await startDaemon({
    name: 'prometheus',
    command: program,
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${store}`,
      '--storage.tsdb.retention.time=100y',
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    logFile: join(folder, 'prometheus.log'),
    ready: () =>
      fetch(`http://127.0.0.1:${port}/-/ready`).then(
        (reply) => reply.ok,
        () => false,
      ),
    readyTimeoutMs: 60_000,
  });
  return { port, kind: 'prometheus', dispose: () => daemon.dispose() };
}

/** Answers range queries for the metric and for its sum, and has never heard of anything else. */
async function standIn(counters: readonly RequestCounter[]): Promise<Prometheus> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
      const [start = 0, end = 0, step = 1] = ['start', 'end', 'step'].map((key) =>
        Number.parseFloat(form.get(key) ?? ''),
      );
      const series = (labels: Readonly<Record<string, string>>, of: readonly RequestCounter[]) => {
        const values = Array.from({ length: 1 + Math.floor(((end - start) * 1000) / step) }, (_, index) => {
          const at = start + (index * step) / 1000;
          const scrapedMs = Math.floor((at + 1e-6) / scrapeSeconds) * scrapeSeconds * 1000;
          return [at, String(of.reduce((sum, counter) => sum + valueAt(counter, scrapedMs), 0))];
        });
        return { metric: labels, values };
      };
      const query = form.get('query');
      let result: readonly unknown[] = [];
      if (query === `sum(${metric})`) result = [series({}, counters)];
      else if (query === metric) {
        result = counters.map((counter) => series({ __name__: metric, ...counter.labels }, [counter]));
      }
      response.writeHead(query === 'sum(' ? 400 : 200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify(
          query === 'sum('
            ? { status: 'error', errorType: 'bad_data', error: 'parse error: unclosed left parenthesis' }
            : { status: 'success', data: { resultType: 'matrix', result } },
        ),
      );
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    kind: 'stand-in',
    dispose: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
