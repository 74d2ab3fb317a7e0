import { Agent } from 'node:http';
import type { Duplex } from 'node:stream';
import Docker from 'dockerode';
import type { ServiceRow } from '../../contract/links.js';
import { fail, ok, type Result } from '../../contract/result.js';
import type { Link } from '../link/link.js';
import { timeLimit } from '../link/time-limit.js';
import { errorText } from '../failures/thrown.js';
import { serviceSelector } from '../pyroscope/selectors.js';

/** A running container, as far as the list of services needs it. */
export interface Container {
  readonly id: string;
  /** Without Docker's leading slash. */
  readonly name: string;
  readonly image: string;
  readonly composeProject: string;
  /** Ports of the machine that lead to ports of the container. */
  readonly published: readonly { readonly containerPort: number; readonly port: number; readonly address: string }[];
}

const listTimeoutMs = 10_000;

/** Where Docker listens: the machine's engine, then the user's own. */
function sockets(uid: number): readonly string[] {
  return ['/var/run/docker.sock', `/run/user/${uid}/docker.sock`];
}

/** Hands one open stream to an HTTP request. */
class StreamAgent extends Agent {
  private readonly stream: Duplex;

  constructor(stream: Duplex) {
    super({ keepAlive: false });
    this.stream = stream;
  }

  override createConnection(): Duplex {
    return this.stream;
  }
}

/** Lists running containers. No Docker is an empty list; a socket that may not be read is "docker-denied". */
export async function listContainers(
  link: Link,
  uid: number,
  signal?: AbortSignal,
): Promise<Result<readonly Container[]>> {
  for (const path of sockets(uid)) {
    const opened = await link.open({ kind: 'unix', path }, signal);
    if (opened.ok) return ask(opened.value, signal);
    const { code } = opened.failure;
    if (code !== 'refused' && code !== 'forwarding-denied') return opened;
    const looked = await link.exec(['sh', '-c', 'test -S "$1" && ! test -w "$1"', 'sh', path]);
    if (looked.ok && looked.value.code === 0) {
      return fail(
        'docker-denied',
        `Docker's socket ${path} may not be read by this user: add the user to the group "docker", or start the agent, which reads it as root.`,
        opened.failure.detail,
      );
    }
  }
  return ok([]);
}

async function ask(stream: Duplex, signal?: AbortSignal): Promise<Result<readonly Container[]>> {
  const agent = new StreamAgent(stream);
  // docker-modem takes an agent, which its types do not know.
  const options = { host: 'docker', protocol: 'http' as const, port: 80, agent };
  const docker = new Docker(options);
  // Not the client's own time limit, which wants a socket: a channel of SSH has no setTimeout.
  const limit = timeLimit(listTimeoutMs, signal);
  try {
    const listed = await docker.listContainers({ abortSignal: limit.signal });
    return ok(
      listed.map((container) => ({
        id: container.Id,
        name: (container.Names[0] ?? container.Id.slice(0, 12)).replace(/^\//, ''),
        image: container.Image,
        composeProject: container.Labels['com.docker.compose.project'] ?? '',
        published: container.Ports.filter(
          ({ Type, PublicPort }) => Type === 'tcp' && (PublicPort as number | undefined) !== undefined,
        ).map(({ PrivatePort, PublicPort, IP }) => ({ containerPort: PrivatePort, port: PublicPort, address: IP })),
      })),
    );
  } catch (error) {
    if (signal?.aborted === true) return fail('cancelled', 'Cancelled.');
    return fail('docker-denied', 'Docker there did not answer: check that its engine runs.', errorText(error));
  } finally {
    limit.release();
    stream.destroy();
    agent.destroy();
  }
}

/** Containers as services that nothing was sampled of yet. */
export function containerRows(containers: readonly Container[]): readonly ServiceRow[] {
  return containers.map((container) => ({
    name: container.name,
    labels: {
      service_name: container.name,
      container: container.name,
      container_id: container.id,
      image: container.image,
      ...(container.composeProject === '' ? {} : { compose_project: container.composeProject }),
    },
    selector: serviceSelector(container.name),
  }));
}
