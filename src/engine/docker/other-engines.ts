import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { homedir, hostname, release } from 'node:os';
import type { DockerTargetConfig } from '../../contract/target.js';
import type { Address, Link } from '../link/link.js';
import { certificatesOfEnvironment, dockerContexts, type NamedEngine } from './contexts.js';
import { dockerOver } from './docker-link.js';
import { engineInfo } from './engine-info.js';
import { EngineLink } from './engine-link.js';
import { dockerPlaces, findDocker, parseHost, type DockerPlaces } from './find-docker.js';

/** By whom an engine was put where it listens. */
const places: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\/colima\/(?:default\/)?docker\.sock$|\/\.colima\/(?:default\/)?docker\.sock$/, 'Colima'],
  [/\/\.?colima\/([^/]+)\/docker\.sock$/, 'Colima $1'],
  [/\/\.orbstack\//, 'OrbStack'],
  [/\/\.rd\//, 'Rancher Desktop'],
  [/\/\.docker\/(?:run|desktop)\//, 'Docker Desktop'],
  [/\/\.lima\/([^/]+)\//, 'Lima $1'],
  [/podman/, 'Podman'],
];

/**
 * Docker engines that this computer reaches and that are not its own: in virtual machines beside it, as Docker Desktop, Colima and
 * Podman make them, and on other machines that the user's environment or contexts name. What an agent on this computer
 * samples, or what py-spy on it records as this computer's, is not among them.
 *
 * Engines on this computer are asked who they are; one on another machine is not spoken to before the user connects.
 */
export async function otherEngines(link: Link): Promise<readonly DockerTargetConfig[]> {
  const [found, contexts] = await Promise.all([dockerPlaces(link), dockerContexts()]);
  if (!found.ok) return [];
  const own = process.platform === 'darwin' ? await findDocker(link) : undefined;
  const names = new Map(contexts.map(({ address, name }) => [textOf(address), name]));
  const seen = new Set<string>();
  const engines: DockerTargetConfig[] = [];
  for (const { address, certificates } of candidates(found.value, contexts)) {
    const key = address.kind === 'unix' ? await realPath(address.path) : textOf(address);
    if (seen.has(key)) continue;
    seen.add(key);
    if (own?.ok === true && own.value !== undefined && textOf(own.value) === textOf(address)) continue;
    if (isNear(address)) {
      const engine = await askWho(new EngineLink(address, certificates, link), address);
      // One that listens at two places is one; Podman makes an ID up each time.
      if (engine === undefined || engine.isOwn || seen.has(engine.id)) continue;
      seen.add(engine.id);
    }
    // Whose a socket is says where a link leads, and not where it lies.
    const whose: Address = address.kind === 'unix' ? { kind: 'unix', path: key } : address;
    const name = names.get(textOf(address)) ?? names.get(textOf(whose)) ?? placeName(whose);
    engines.push(engineConfig(address, name, certificates));
  }
  return engines;
}

/** Where engines may be: what the environment names elsewhere, sockets, contexts. The first of an address counts. */
function candidates({ host, tls, sockets }: DockerPlaces, contexts: readonly NamedEngine[]): readonly NamedEngine[] {
  const named = host === undefined ? undefined : parseHost(host);
  const isContext = named !== undefined && contexts.some(({ address }) => textOf(address) === textOf(named));
  const fromEnvironment =
    named?.kind !== 'tcp' || isContext
      ? []
      : [{ address: named, ...(tls ? { certificates: certificatesOfEnvironment() } : {}) }];
  return [...fromEnvironment, ...sockets.map((path) => ({ address: { kind: 'unix', path } as const })), ...contexts];
}

function engineConfig(address: Address, name: string, certificates: string | undefined): DockerTargetConfig {
  const text = textOf(address);
  const id = `docker-${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
  return {
    kind: 'docker',
    id,
    name: `Docker: ${name}`.slice(0, 128),
    address: text,
    ...(certificates === undefined ? {} : { certificates }),
  };
}

/** "unix:///path" or "tcp://host:port", as Docker's programs take it. */
function textOf(address: Address): string {
  if (address.kind === 'unix') return `unix://${address.path}`;
  const { host, port } = address;
  return `tcp://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** What people call what made an engine, by where it listens. */
export function placeName(address: Address): string {
  if (address.kind === 'tcp') return `${address.host}:${address.port}`;
  for (const [pattern, name] of places) {
    const match = pattern.exec(address.path);
    if (match !== null) return name.replace('$1', match[1] ?? '');
  }
  const home = homedir();
  return address.path.startsWith(`${home}/`) ? `~${address.path.slice(home.length)}` : address.path;
}

function isNear(address: Address): boolean {
  return address.kind === 'unix' || /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/.test(address.host);
}

async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return path; // it went away meanwhile
  }
}

async function askWho(
  link: Link,
  address: Address,
): Promise<{ readonly id: string; readonly isOwn: boolean } | undefined> {
  try {
    const { id, name, kernel } = await engineInfo(dockerOver(link, address));
    return { id, isOwn: kernel === release() && name === hostname() };
  } catch {
    return undefined; // nothing answers there, or no Docker
  }
}
