import { mostBuilt, type CodeLook } from '../../contract/code.js';
import type { Result } from '../../contract/result.js';
import type { Selection } from '../../contract/selection.js';
import type { Built } from '../../core/source/repositories.js';
import { dockerOver } from '../docker/docker-link.js';
import { findDocker } from '../docker/find-docker.js';
import type { Link } from '../link/link.js';
import type { LabelSet } from '../pyroscope/querier-client.js';
import { readInContainers, wordsFor, type SampledContainer } from './in-containers.js';
import { readOnTarget } from './on-target.js';
import { notIn, type Tried } from './tried.js';

export interface TargetCodeOptions {
  /** As it is now; another one after a disconnect. */
  readonly link: () => Link;
  readonly targetName: () => string;
  /** The labels of what a selection is made of. */
  readonly labels: (selection: Selection, signal: AbortSignal) => Promise<Result<readonly LabelSet[]>>;
}

/** What looking on a target came to, and what its labels say of where the code comes from. */
export interface LookedAtTarget {
  readonly tried: Tried;
  readonly built: readonly Built[];
}

/** The code of what runs on a target: in its containers, or on the machine itself where the samples are of no container. */
export class TargetCode {
  private readonly options: TargetCodeOptions;

  constructor(options: TargetCodeOptions) {
    this.options = options;
  }

  /** What the labels of a selection say of where its code comes from; nothing where they can not be had. */
  async built(selection: Selection, signal: AbortSignal): Promise<readonly Built[]> {
    const labels = await this.options.labels(selection, signal);
    return labels.ok ? builtOf(labels.value) : [];
  }

  /** Looks for a file that a profile of a selection names. The path must be clean. */
  async look(path: string, selection: Selection, signal: AbortSignal): Promise<LookedAtTarget> {
    const labels = await this.options.labels(selection, signal);
    const sets = labels.ok ? labels.value : [];
    const containers = containersOf(sets);
    const built = builtOf(sets);
    const link = this.options.link();
    const name = this.options.targetName();
    if (link.state.state !== 'connected') {
      return { tried: notIn('target', name, 'It is not connected.', `Connect to ${name}.`), built };
    }
    if (sets.length === 0) {
      const why = labels.ok ? 'It does not say any more what was sampled then.' : labels.failure.message;
      return { tried: notIn('target', name, why), built };
    }
    const looks: CodeLook[] = [];
    if (containers.length > 0) {
      const tried = await this.inContainers(link, containers, path, signal);
      if ('found' in tried) return { tried, built };
      looks.push(...tried.looks);
    }
    if (containers.length > 0 && sets.every((set) => containerOf(set) !== undefined)) {
      const why = 'Not looked for: the samples are of containers, which have files of their own.';
      return { tried: { looks: [...looks, ...notIn('target', `${name} itself`, why).looks] }, built };
    }
    const tried = path.startsWith('/')
      ? await readOnTarget(link, path, name, signal)
      : notIn('target', name, 'The path does not say from which folder on it goes.');
    return { tried: 'found' in tried ? tried : { looks: [...looks, ...tried.looks] }, built };
  }

  private async inContainers(
    link: Link,
    containers: readonly SampledContainer[],
    path: string,
    signal: AbortSignal,
  ): Promise<Tried> {
    const docker = await findDocker(link, signal);
    const [first = { id: '', name: '' }] = containers;
    const where = wordsFor(first);
    if (!docker.ok) return notIn('container', where, docker.failure.message);
    if (docker.value === undefined) {
      return notIn('container', where, `Docker was not found on ${this.options.targetName()}.`, 'Start it there.');
    }
    return readInContainers(dockerOver(link, docker.value), containers, path, signal);
  }
}

function containerOf(set: LabelSet): SampledContainer | undefined {
  const id = set['container_id'] ?? '';
  const name = set['container'] ?? '';
  return id === '' && name === '' ? undefined : { id, name };
}

/** Each container once, in the order in which they are named. */
function containersOf(sets: readonly LabelSet[]): readonly SampledContainer[] {
  const found = sets.map(containerOf).filter((container) => container !== undefined);
  return [...new Map(found.map((container) => [`${container.id} ${container.name}`, container])).values()];
}

function builtOf(sets: readonly LabelSet[]): readonly Built[] {
  const found = sets.flatMap((set): readonly Built[] => {
    const repository = set['service_repository'] ?? '';
    const revision = set['service_git_ref'] ?? '';
    return repository === '' || revision === '' ? [] : [{ repository, revision }];
  });
  return [...new Map(found.map((built) => [`${built.repository} ${built.revision}`, built])).values()].slice(
    0,
    mostBuilt,
  );
}
