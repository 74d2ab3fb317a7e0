import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import Docker from 'dockerode';
import { describe, expect, inject, test } from 'vitest';
import { readLog } from './docker/demo';
import { startPyroscope } from './pyroscope';
import { waitFor } from './support/wait';

const world = inject('world');
const docker = new Docker({ socketPath: world.dockerSocket });

describe('the demo shop', () => {
  test.each([
    ['healthz', /^ok/],
    ['checkout/7', /"seal": "[0-9a-f]{64}"/],
    ['catalogue.json', /"sku": "RV-0399"/],
    ['report/2', /<td>rv-0119<td>/],
  ])('answers /%s', async (path, pattern) => {
    const response = await fetch(`${world.demo.webUrl}/${path}`);
    expect(response.status).toBe(200);
    expect(await response.text()).toMatch(pattern);
  });

  test('is three running containers, named and labelled as docker compose does', async () => {
    const containers = await docker.listContainers();
    const seen = containers.map((one) => [
      one.Names[0],
      one.Image,
      one.Labels['com.docker.compose.project'],
      one.Labels['com.docker.compose.service'],
    ]);
    expect(seen.sort()).toEqual([
      ['/revel_beat', 'revel:demo', 'revel', 'beat'],
      ['/revel_celery_default', 'revel:demo', 'revel', 'celery_default'],
      ['/revel_web', 'revel:demo', 'revel', 'web'],
    ]);
  });

  test('works under load without errors', async () => {
    const cpuOf = (pid: number): number => {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      // User and system time of the process and of the children that it waited for, in ticks of 10 ms.
      return [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
    };
    const processes = async (id: string): Promise<number[]> => {
      const { Processes: rows, Titles: titles } = (await docker.getContainer(id).top()) as {
        Processes: string[][];
        Titles: string[];
      };
      return rows.map((row) => Number(row[titles.indexOf('PID')]));
    };
    for (const container of [world.demo.web, world.demo.celery]) {
      const pids = await processes(container.id);
      expect(pids.length).toBeGreaterThanOrEqual(3);
      const total = (): number => pids.reduce((sum, pid) => sum + cpuOf(pid), 0);
      const before = total();
      await waitFor(`${container.name} to use CPU`, () => (total() > before + 20 ? true : undefined), {
        timeoutMs: 60_000,
      });
      const lines = (await readLog(docker, container)).split('\n');
      const error = lines.findIndex((line) => /Traceback|\[ERROR\]|\[CRITICAL\]|: (ERROR|CRITICAL)\//.test(line));
      expect(error === -1 ? [] : lines.slice(error, error + 40)).toEqual([]);
    }
  });

  test('runs each task', async () => {
    for (const task of ['recalculate_prices', 'index_catalogue', 'forecast_demand']) {
      const done = new RegExp(`Task shop\\.tasks\\.${task}\\S* succeeded`);
      await waitFor(
        `${task} to succeed`,
        async () => (done.test(await readLog(docker, world.demo.celery)) ? true : undefined),
        { timeoutMs: 60_000, everyMs: 500 },
      );
    }
  });

  test('is seen by its cgroup: a container id of 64 digits', () => {
    expect(readFileSync(`/proc/${world.demo.web.pid}/cgroup`, 'utf8')).toContain(world.demo.web.id);
  });
});

describe('Pyroscope', () => {
  test('is ready and takes and gives back a profile', async () => {
    expect((await fetch(`${world.pyroscopeUrl}/ready`)).status).toBe(200);
    const now = Math.floor(Date.now() / 1000);
    const query = new URLSearchParams({
      name: 'worldtest',
      from: String(now - 10),
      until: String(now),
      format: 'folded',
      sampleRate: '100',
    });
    const sent = await fetch(`${world.pyroscopeUrl}/ingest?${query.toString()}`, {
      method: 'POST',
      body: 'main;a;b 10\nmain;a;c 30\n',
    });
    expect(sent.status).toBe(200);
    const names = await waitFor(
      'the service to be listed',
      async () => {
        const reply = await fetch(`${world.pyroscopeUrl}/querier.v1.QuerierService/LabelValues`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ name: 'service_name', start: (now - 600) * 1000, end: (now + 60) * 1000 }),
        });
        const { names: found = [] } = (await reply.json()) as { names?: string[] };
        return found.includes('worldtest') ? found : undefined;
      },
      { timeoutMs: 60_000, everyMs: 200 },
    );
    expect(names).toContain('worldtest');
  });

  test('listens on loopback only, and a second one beside it', async () => {
    const second = await startPyroscope(world.pyroscopeBinary, world.path);
    try {
      expect(second.url).not.toBe(world.pyroscopeUrl);
      expect(listeningAddresses(second.pid)).toEqual(['127.0.0.1']);
    } finally {
      await second.dispose();
    }
    expect(existsSync(`/proc/${second.pid}`)).toBe(false);
  });
});

/** The addresses on which the machine listens by TCP for sockets of a process, each once. */
function listeningAddresses(pid: number): readonly string[] {
  const found = new Set<string>();
  const inodes = socketInodes(pid);
  for (const line of [
    ...readFileSync('/proc/net/tcp', 'utf8').split('\n'),
    ...readFileSync('/proc/net/tcp6', 'utf8').split('\n'),
  ]) {
    const fields = line.trim().split(/\s+/);
    const [, local = '', , state] = fields;
    // 0A is LISTEN; the address is hexadecimal, its bytes in reverse.
    if (state !== '0A' || !inodes.has(fields[9] ?? '')) continue;
    const hex = local.split(':')[0] ?? '';
    found.add(
      hex.length === 8
        ? (hex.match(/../g) ?? [])
            .reverse()
            .map((byte) => parseInt(byte, 16))
            .join('.')
        : hex,
    );
  }
  return [...found];
}

function socketInodes(pid: number): ReadonlySet<string> {
  const folder = `/proc/${pid}/fd`;
  const links = readdirSync(folder).map((name) => readlinkSync(`${folder}/${name}`));
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
}
