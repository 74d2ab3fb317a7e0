import type Docker from 'dockerode';
import { freePort } from '../support/ports';
import { waitFor } from '../support/wait';
import { demoImage } from './image';

/** One running container of the demo. */
export interface DemoContainer {
  readonly name: string;
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** The process id of its first process, as the host counts. */
  readonly pid: number;
}

/** The demo shop, running. */
export interface Demo {
  readonly web: DemoContainer;
  readonly celery: DemoContainer;
  readonly beat: DemoContainer;
  /** "http://127.0.0.1:PORT". */
  readonly webUrl: string;
}

const project = 'revel';
const broker = 'revel_broker';

/** Starts the three containers, labelled as docker compose would, and waits until each does its work. */
export async function startDemo(api: Docker): Promise<Demo> {
  const port = await freePort();
  const celery = ['celery', '--app', 'revel'];
  const quiet = ['--without-gossip', '--without-mingle', '--without-heartbeat'];
  const [web, worker, beat] = await Promise.all([
    start(api, 'revel_web', 'web', [
      'gunicorn',
      'revel.wsgi:application',
      '--workers',
      '2',
      '--bind',
      `127.0.0.1:${port}`,
      '--worker-tmp-dir',
      '/dev/shm',
    ]),
    start(api, 'revel_celery_default', 'celery_default', [
      ...celery,
      'worker',
      '--queues',
      'default',
      '--concurrency',
      '2',
      '--loglevel',
      'INFO',
      ...quiet,
    ]),
    start(api, 'revel_beat', 'beat', [
      ...celery,
      'beat',
      '--schedule',
      '/tmp/beat',
      '--pidfile',
      '',
      '--loglevel',
      'INFO',
    ]),
  ]);
  const webUrl = `http://127.0.0.1:${port}`;
  const patience = { timeoutMs: 180_000, everyMs: 200 };
  await waitFor(
    'revel_web to answer',
    async () => ((await fetch(`${webUrl}/healthz`)).ok ? true : undefined),
    patience,
  );
  await waitForLog(api, web, /Booting worker/);
  await waitForLog(api, worker, /Task shop\.tasks\.recalculate_prices\S* succeeded/);
  await waitForLog(api, beat, /Sending due task/);
  return { web, celery: worker, beat, webUrl };
}

async function start(api: Docker, name: string, service: string, command: readonly string[]): Promise<DemoContainer> {
  const container = await api.createContainer({
    name,
    Image: demoImage,
    Cmd: [...command],
    Hostname: name.replaceAll('_', '-'),
    Labels: {
      'com.docker.compose.project': project,
      'com.docker.compose.service': service,
      'com.docker.compose.container-number': '1',
      'com.docker.compose.oneoff': 'False',
    },
    HostConfig: {
      // The world's dockerd has no bridge; the shop listens on loopback only.
      NetworkMode: 'host',
      Mounts: service === 'web' ? [] : [{ Type: 'volume', Source: broker, Target: '/var/lib/revel/broker' }],
    },
  });
  await container.start();
  const { State: state } = await container.inspect();
  return { name, id: container.id, pid: state.Pid };
}

async function waitForLog(api: Docker, container: DemoContainer, pattern: RegExp): Promise<void> {
  let text = '';
  const look = async (): Promise<'found' | 'ended' | undefined> => {
    text = await readLog(api, container);
    if (pattern.test(text)) return 'found';
    const { State: state } = await api.getContainer(container.id).inspect();
    return state.Running ? undefined : 'ended';
  };
  const what = `${container.name} to log ${String(pattern)}`;
  const outcome = await waitFor(what, look, { timeoutMs: 180_000, everyMs: 200 }).catch((error: unknown) =>
    String(error),
  );
  if (outcome !== 'found')
    throw new Error(`${container.name} does not do its work (${outcome}):\n${text.slice(-2000)}`);
}

/** What a container wrote so far, both streams together. */
export async function readLog(api: Docker, container: Pick<DemoContainer, 'id'>): Promise<string> {
  const frames = await api.getContainer(container.id).logs({ stdout: true, stderr: true, follow: false });
  let text = '';
  // Each frame: one byte of stream, three of nothing, four of length (big endian), then the text.
  for (let at = 0; at + 8 <= frames.length;) {
    const length = frames.readUInt32BE(at + 4);
    text += frames.toString('utf8', at + 8, at + 8 + length);
    at += 8 + length;
  }
  return text;
}
