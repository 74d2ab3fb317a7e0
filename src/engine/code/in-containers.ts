import { posix } from 'node:path';
import type Docker from 'dockerode';
import type { CodeLook } from '../../contract/code.js';
import { cleanPath } from '../../core/source/paths.js';
import { dockerStatus } from '../docker/docker-link.js';
import { errorText } from '../failures/thrown.js';
import { timeLimit, type TimeLimit } from '../link/time-limit.js';
import { firstOfTar, type TarFile } from './first-of-tar.js';
import { flaws, mostCodeBytes, textOf } from './text-file.js';
import { notIn, type Tried } from './tried.js';

/** A container that samples name: by its id, by its name, or both. Hostile text. */
export interface SampledContainer {
  readonly id: string;
  readonly name: string;
}

/** A selection of everything may be of hundreds. */
const mostContainers = 8;
const mostLinks = 8;
const timeoutMs = 15_000;

/**
 * Reads a file in the first of some containers that has it, through Docker's archive call: with what the container itself has, whether it
 * runs or not, and never with a file of the machine, for Docker resolves links inside the container.
 */
export async function readInContainers(
  docker: Docker,
  containers: readonly SampledContainer[],
  path: string,
  signal: AbortSignal,
): Promise<Tried> {
  const looks: CodeLook[] = [];
  try {
    const { there, gone } = await findContainers(docker, containers.slice(0, mostContainers), signal);
    for (const container of there) {
      const tried = await readInContainer(container, path, signal);
      if ('found' in tried) return tried;
      looks.push(...tried.looks);
    }
    for (const called of gone) {
      const mend = 'Start it again, or choose a folder with the same code.';
      looks.push(...notIn('container', called, 'That container is gone, and none has its name.', mend).looks);
    }
  } catch (error) {
    const [first = { id: '', name: '' }] = containers;
    const why = `Docker did not hand it over: ${errorText(error).slice(0, 300)}`;
    looks.push(...notIn('container', wordsFor(first), why, 'Check that Docker runs there.').looks);
  }
  const left = containers.length - mostContainers;
  if (left > 0) {
    const why = `The samples are of ${containers.length} containers, of which ${mostContainers} were looked at.`;
    looks.push(...notIn('container', `${left} more containers`, why, 'Choose one service.').looks);
  }
  return { looks };
}

/** What a container is called in words. */
export function wordsFor({ id, name }: SampledContainer): string {
  return `the container ${name === '' ? id.slice(0, 12) : name}`;
}

async function readInContainer(
  { container, called, folder, another }: FoundContainer,
  path: string,
  signal: AbortSignal,
): Promise<Tried> {
  const absolute = path.startsWith('/') ? path : cleanPath(posix.join('/', folder, path));
  if (absolute === undefined) return notIn('container', called, flaws.missing);
  const file = await fileIn(container, absolute, signal);
  if (file.kind !== 'file') return notIn('container', called, flawOf(file.kind));
  const text = textOf(file.content);
  if (text === undefined) return notIn('container', called, flaws.binary);
  const where = absolute === path ? called : `${absolute} in ${called}`;
  const doubt = another
    ? {
        doubt:
          'The container that was sampled is gone: this is the one that has its name now, maybe of another version.',
      }
    : {};
  return { found: { place: 'container', where, text, ...doubt } };
}

interface FoundContainer {
  readonly container: Docker.Container;
  readonly called: string;
  /** Where its program was started. */
  readonly folder: string;
  /** It only has the name of one that was sampled. */
  readonly another: boolean;
}

/** Both become a part of the path of a request to Docker, which may do anything: only what Docker itself would make is used. */
const idForm = /^[0-9a-f]{12,64}$/;
const nameForm = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/;

/** Each container once: those that were sampled first, then those that took the names of others. And what the others were called. */
async function findContainers(
  docker: Docker,
  containers: readonly SampledContainer[],
  signal: AbortSignal,
): Promise<{ readonly there: readonly FoundContainer[]; readonly gone: ReadonlySet<string> }> {
  const there = new Map<string, FoundContainer>();
  const missed: SampledContainer[] = [];
  const gone = new Set<string>();
  const find = async (key: string, sampled: SampledContainer, another: boolean): Promise<boolean> => {
    const found = await inspected(docker, key, signal);
    if (found === undefined) return false;
    const { Id: id, Config: config } = found;
    const container = {
      container: docker.getContainer(id),
      called: wordsFor(sampled),
      folder: config.WorkingDir,
      another,
    };
    if (!there.has(id)) there.set(id, container);
    return true;
  };
  for (const sampled of containers) {
    if (!idForm.test(sampled.id) || !(await find(sampled.id, sampled, false))) missed.push(sampled);
  }
  for (const sampled of missed) {
    const found = nameForm.test(sampled.name) && (await find(sampled.name, sampled, sampled.id !== ''));
    if (!found) gone.add(wordsFor(sampled));
  }
  return { there: [...there.values()], gone };
}

/** What Docker says of a container; undefined where it has none. */
async function inspected(
  docker: Docker,
  key: string,
  signal: AbortSignal,
): Promise<Docker.ContainerInspectInfo | undefined> {
  const limit = limited(signal);
  try {
    return await docker.getContainer(key).inspect({ abortSignal: limit.signal });
  } catch (error) {
    if (dockerStatus(error) === 404) return undefined;
    throw error;
  } finally {
    limit.release();
  }
}

/** Follows links of the last part, which Docker hands out as they are; it resolves those of the folders before it. */
async function fileIn(
  container: Docker.Container,
  path: string,
  signal: AbortSignal,
): Promise<Exclude<TarFile, { kind: 'link' }> | { readonly kind: 'missing' }> {
  let at = path;
  for (let hop = 0; hop < mostLinks; hop++) {
    const file = await oneFile(container, at, signal);
    if (file.kind !== 'link') return file;
    const next = cleanPath(posix.resolve(posix.dirname(at), file.target));
    if (next === undefined) return { kind: 'missing' };
    at = next;
  }
  return { kind: 'missing' };
}

async function oneFile(
  container: Docker.Container,
  path: string,
  signal: AbortSignal,
): Promise<TarFile | { readonly kind: 'missing' }> {
  const limit = limited(signal);
  try {
    const stream = await container.getArchive({ path, abortSignal: limit.signal });
    // Docker sends no text: pieces are buffers.
    return await firstOfTar(stream as AsyncIterable<Uint8Array>, mostCodeBytes);
  } catch (error) {
    if (dockerStatus(error) === 404) return { kind: 'missing' };
    throw error;
  } finally {
    limit.release();
  }
}

/** Not the client's own time limit, which wants a socket: a channel of SSH has no setTimeout. */
function limited(signal: AbortSignal): TimeLimit {
  return timeLimit(timeoutMs, signal);
}

function flawOf(kind: 'missing' | 'folder' | 'special' | 'too-large'): string {
  return kind === 'too-large' ? flaws.tooLarge : flaws[kind];
}
