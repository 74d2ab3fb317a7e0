import type { Courses, LabelValues, ServiceRow, Timeline, Turnovers, WindowsCost } from '../../contract/links.js';
import { isEverything } from '../../contract/profiled.js';
import { memoryLeaksType, memoryPeakType } from '../../contract/pyspy.js';
import { fail, ok, type Result } from '../../contract/result.js';
import { cpuProfileType, type Selection, type SourceKind } from '../../contract/selection.js';
import type { Trust } from '../../contract/trust.js';
import { nothingSeen, withSeenStarts, type SeenStarts } from '../../core/compare/container-starts.js';
import type { KnownLabel } from '../../core/words/complete-selector.js';
import { agentContainerStarts } from '../agent/container-starts.js';
import { agentTrust } from '../agent/trust.js';
import { agentWindows } from '../agent/windows.js';
import { containerRows, listContainers } from '../docker/containers.js';
import type { Link } from '../link/link.js';
import { QuerierClient, type LabelSet, type Query, type Range } from '../pyroscope/querier-client.js';
import { sampledOnly } from '../pyroscope/selectors.js';
import { SliceCache } from '../pyroscope/slices.js';
import { labelsIn, labelValues, sampleLabels, sourceTurnovers } from '../pyroscope/source-changes.js';
import { courses, pyroscopeServices, timeline } from '../pyroscope/source-views.js';
import type { PySpyLife } from '../pyspy/pyspy-life.js';
import { sliceSeconds } from '../pyspy/recording.js';
import type { AgentLife } from './agent-life.js';
import type { PyroscopeAccess } from './pyroscope-access.js';
import { agentServices } from './sources.js';

export interface SessionSourcesOptions {
  readonly agent: AgentLife;
  readonly pyspy: PySpyLife;
  readonly pyroscope: PyroscopeAccess;
  /** As it is now; another one after a disconnect. */
  readonly link: () => Link;
}

/** Which windows are asked for. */
export interface WantedWindows {
  readonly selection: Selection;
  /** How long slices are to be where a source has no windows of its own. */
  readonly windowMs?: number | undefined;
}

/**
 * What profiles of a target are asked of: a source is the agent's own store, py-spy's windows where that records in its
 * place, or the target's Pyroscope. What memray saw beside an agent is on this computer, and answered as the agent's. "agent-not-running" where no agent is followed, "not-found" without a Pyroscope.
 */
export class SessionSources {
  private readonly agent: AgentLife;
  private readonly pyspy: PySpyLife;
  private readonly pyroscope: PyroscopeAccess;
  private readonly link: () => Link;
  private slices = new SliceCache();

  constructor({ agent, pyspy, pyroscope, link }: SessionSourcesOptions) {
    this.agent = agent;
    this.pyspy = pyspy;
    this.pyroscope = pyroscope;
    this.link = link;
  }

  /** Another server has other profiles than those that were asked for. */
  forgetPyroscope(): void {
    this.slices = new SliceCache();
  }

  /** What can be selected; the running containers where nothing is profiled. */
  async services(source: SourceKind, range: Range, signal?: AbortSignal): Promise<Result<readonly ServiceRow[]>> {
    if (source === 'pyroscope') {
      const client = this.pyroscope.client();
      return client.ok ? pyroscopeServices(client.value, range, signal) : client;
    }
    if (this.pyspy.chosen) return this.pyspy.services(range);
    const { connection, facts } = this.agent;
    if (connection !== undefined) return agentServices(connection, range, this.profilesPart, signal);
    const link = this.link();
    if (link.state.state !== 'connected' || facts === undefined) return this.agent.notRunning();
    const containers = await listContainers(link, facts.uid, signal);
    return containers.ok ? ok(containerRows(containers.value)) : containers;
  }

  private get profilesPart(): boolean {
    const choice = this.agent.state.status?.choice;
    return choice !== undefined && !isEverything(choice);
  }

  /** How far samples can be believed: the agent judges its own. */
  async trust(selection: Selection, signal?: AbortSignal): Promise<Result<Trust>> {
    if (selection.source === 'pyroscope') {
      return fail(
        'unsupported',
        'Only our agent counts what became of each sample: choose its own store as the source.',
      );
    }
    if (this.pyspy.chosen) return fail('unsupported', 'py-spy counts what it could not read, and nothing beyond that.');
    const { connection } = this.agent;
    return connection === undefined ? this.agent.notRunning() : agentTrust(connection, selection, signal);
  }

  /** What a source has in a range of time. */
  async profileTypes(source: SourceKind, range: Range, signal?: AbortSignal): Promise<Result<readonly string[]>> {
    if (this.byPySpy(source)) return ok(await this.pyspy.profileTypes(range));
    const client = this.source(source);
    const types = client.ok ? await client.value.profileTypes(range, signal) : client;
    if (!types.ok || source !== 'agent') return types;
    const here = (await this.pyspy.profileTypes(range)).filter(isMemory);
    return here.length === 0 ? types : ok([...new Set([...types.value, ...here])].sort());
  }

  /** A selection's course: a value for each step of so many milliseconds. */
  async timeline(source: SourceKind, query: Query, stepMs: number, signal?: AbortSignal): Promise<Result<Timeline>> {
    if (await this.isHere(source, query)) return this.pyspy.timeline(query, stepMs);
    const client = this.source(source);
    return client.ok ? timeline(client.value, asAsked(source, query), stepMs, signal) : client;
  }

  /** The same by service. */
  async courses(source: SourceKind, query: Query, stepMs: number, signal?: AbortSignal): Promise<Result<Courses>> {
    if (await this.isHere(source, query)) return this.pyspy.courses(query, stepMs);
    const client = this.source(source);
    return client.ok ? courses(client.value, asAsked(source, query), stepMs, signal) : client;
  }

  /** Labels that tell parts of a selection apart. */
  async labels(selection: Selection, signal?: AbortSignal): Promise<Result<readonly LabelValues[]>> {
    const { source } = selection;
    if (await this.isHere(source, selection)) return this.pyspy.labels(selection);
    const client = this.source(source);
    return client.ok ? labelValues(client.value, asAsked(source, selection), signal) : client;
  }

  /** The labels of what a selection is made of, a set for each series. */
  async labelSets(selection: Selection, signal?: AbortSignal): Promise<Result<readonly LabelSet[]>> {
    const { source } = selection;
    if (await this.isHere(source, selection)) return this.pyspy.labelSets(selection);
    const client = this.source(source);
    const { selector } = asAsked(source, selection);
    return client.ok ? client.value.series(selection, [], signal, [selector]) : client;
  }

  /** All labels of a selection with their values: what a selector of it can be made of. */
  async knownLabels(selection: Selection, signal?: AbortSignal): Promise<Result<readonly KnownLabel[]>> {
    const { source } = selection;
    const sets = await this.labelSets(selection, signal);
    if (!sets.ok) return sets;
    const ofSeries = labelsIn(sets.value);
    if (source !== 'agent' || (await this.isHere(source, selection))) return ok(ofSeries);
    const client = this.source(source);
    const ofSamples = client.ok ? await sampleLabels(client.value, asAsked(source, selection), signal) : [];
    const more = ofSamples.filter(({ name }) => !ofSeries.some((label) => label.name === name));
    return ok([...ofSeries, ...more].sort((a, b) => (a.name < b.name ? -1 : 1)));
  }

  /** Deploys, restarts and starts of containers in a selection. */
  async turnovers(selection: Selection, signal?: AbortSignal): Promise<Result<Turnovers>> {
    const { source } = selection;
    if (await this.isHere(source, selection)) return ok({ stepMs: 0, turnovers: [], starts: [] });
    const client = this.source(source);
    if (!client.ok) return client;
    const query = asAsked(source, selection);
    const [told, seen] = await Promise.all([
      sourceTurnovers(client.value, query, signal),
      this.seenStarts(source, query, signal),
    ]);
    if (!told.ok) return told;
    if (!seen.ok) return seen;
    const { stepMs, turnovers, starts } = told.value;
    return ok({ stepMs, turnovers, starts: withSeenStarts(starts, seen.value, turnovers, stepMs) });
  }

  /** Starts of containers that the source looks for by itself: an agent does. */
  private async seenStarts(source: SourceKind, query: Query, signal?: AbortSignal): Promise<Result<SeenStarts>> {
    const { connection } = this.agent;
    if (source !== 'agent' || connection === undefined) return ok(nothingSeen);
    return agentContainerStarts(connection, query, signal);
  }

  /** The merged profile: bytes of a pprof, plain or gzip. */
  async fetch(selection: Selection, signal?: AbortSignal): Promise<Result<Uint8Array>> {
    if (await this.isHere(selection.source, selection)) return this.pyspy.fetch(selection);
    const client = this.source(selection.source);
    return client.ok ? client.value.mergeProfile(asAsked(selection.source, selection), signal) : client;
  }

  /** What it takes to have a selection's windows: an agent answers them as such. */
  windowsCost({ selection, windowMs }: WantedWindows): WindowsCost {
    if (selection.source === 'pyroscope') return this.slices.cost(selection, windowMs);
    const usual = this.byPySpy(selection.source) ? sliceSeconds : 15;
    const ownMs = ((this.pyspy.chosen ? this.pyspy : this.agent).state.status?.windowSeconds ?? usual) * 1000;
    return { windows: Math.floor((selection.endMs - selection.startMs) / ownMs), requests: 0, windowMs: ownMs };
  }

  /** A selection window by window: what comparisons measure with. */
  async windows(
    { selection, windowMs }: WantedWindows,
    onWindows: (done: number) => void,
    signal?: AbortSignal,
  ): Promise<Result<{ readonly bytes: Uint8Array; readonly windows: number }>> {
    if (await this.isHere(selection.source, selection)) return this.pyspy.windows(selection, onWindows);
    const query = asAsked(selection.source, selection);
    if (selection.source === 'agent') {
      const { connection } = this.agent;
      return connection === undefined ? this.agent.notRunning() : agentWindows(connection, query, onWindows, signal);
    }
    const client = this.pyroscope.client();
    return client.ok ? this.slices.windows(client.value, { ...query, windowMs }, onWindows, signal) : client;
  }

  private byPySpy(source: SourceKind): boolean {
    return source === 'agent' && this.pyspy.chosen;
  }

  /** Whether a selection is answered by the windows on this computer. An agent may have been pushed memory of the same type. */
  private async isHere(source: SourceKind, query: Query): Promise<boolean> {
    if (this.byPySpy(source)) return true;
    return source === 'agent' && isMemory(query.profileType) && (await this.pyspy.has(query));
  }

  private source(kind: SourceKind): Result<QuerierClient> {
    if (kind === 'pyroscope') return this.pyroscope.client();
    const { connection } = this.agent;
    return connection === undefined ? this.agent.notRunning() : ok(new QuerierClient(connection.http, 'The agent'));
  }
}

function isMemory(profileType: string): boolean {
  return profileType === memoryPeakType || profileType === memoryLeaksType;
}

/** An agent is asked for CPU time that it sampled itself, unless the selection names what was pushed into it. */
function asAsked<T extends Query>(source: SourceKind, query: T): T {
  const own = source === 'agent' && query.profileType === cpuProfileType;
  return own ? { ...query, selector: sampledOnly(query.selector) } : query;
}
