import type { AgentConnection } from '../../src/engine/agent/agent-connection';
import { connectAgent } from '../../src/engine/agent/agent-connection';
import { agentTrust } from '../../src/engine/agent/trust';
import { agentServices } from '../../src/engine/deploy/sources';
import { LocalLink } from '../../src/engine/link/local-link';
import { decodeInTypeScript, decodeText } from '../../src/engine/profiles/decode';
import { QuerierClient, type Range } from '../../src/engine/pyroscope/querier-client';
import { timeline } from '../../src/engine/pyroscope/source-views';
import { cpuProfileType } from '../../src/contract/selection';
import type { ServiceRow, Timeline } from '../../src/contract/links';
import type { Trust } from '../../src/contract/trust';
import type { Result } from '../../src/contract/result';
import type { FlameGraph } from '../../src/core/flame/flame-graph';
import { layoutFlame } from '../../src/core/flame/layout';
import { ancestorsOf } from '../../src/core/flame/navigate';
import type { NamedPlace } from '../../src/core/flame/packages';
import { functionPlaces, originsOf } from '../../src/core/flame/view-functions';
import { summariseTree, type SummaryPart } from '../../src/core/guidance/summary';
import { frameTable, type FrameOrigin } from '../../src/core/operations/frames';
import { callTreeOf } from '../../src/core/profile/call-tree';
import { functionTotals } from '../../src/core/profile/function-totals';
import type { Profile } from '../../src/core/profile/profile';

/** A profile of the store as the reference decoder reads it: what the window has to show. */
export interface Answer {
  readonly profile: Profile;
  readonly graph: FlameGraph;
  readonly total: number;
  readonly durationNs: number;
  /** What a sample counts, 0 when they do not all count the same. */
  readonly period: number;
  /** What it says in words. */
  readonly summary: readonly SummaryPart[];
  readonly placeOf: (node: number) => NamedPlace & FrameOrigin;
  readonly nameOf: (node: number) => string;
  /** The widest node of a function. Throws when there is none. */
  readonly nodeOf: (name: string) => number;
  /** Names from below the root to a node. */
  readonly pathOf: (node: number) => readonly string[];
  /** Self and total of the functions, by name. */
  readonly functions: ReadonlyMap<string, { readonly self: number; readonly total: number }>;
}

/** What a store answers to a test that asks it beside the window, over the same socket. */
export interface Store {
  services(range: Range): Promise<readonly ServiceRow[]>;
  timeline(selector: string, range: Range, stepMs: number): Promise<Timeline>;
  profile(selector: string, range: Range): Promise<Answer>;
  trust(selector: string, range: Range): Promise<Trust>;
  dispose(): void;
}

/** Opens a connection of the test's own. */
export async function openStore(socket: string): Promise<Store> {
  const link = new LocalLink();
  const agent: AgentConnection = valueOf(await connectAgent(link, { socket }));
  const querier = new QuerierClient(agent.http, 'The replayed store');
  const queryOf = (selector: string, range: Range) => ({ profileType: cpuProfileType, selector, ...range });
  return {
    services: async (range) => valueOf(await agentServices(agent, range, false)),
    timeline: async (selector, range, stepMs) => valueOf(await timeline(querier, queryOf(selector, range), stepMs)),
    profile: async (selector, range) => read(valueOf(await querier.mergeProfile(queryOf(selector, range)))),
    trust: async (selector, range) => valueOf(await agentTrust(agent, { selector, ...range })),
    dispose: () => {
      agent.dispose();
      link.dispose();
    },
  };
}

async function read(bytes: Uint8Array): Promise<Answer> {
  const { profile, nodes } = valueOf(await decodeInTypeScript(bytes, 'the test asked'));
  const valueIndex = profile.defaultValueIndex;
  const tree = callTreeOf(profile, nodes, valueIndex);
  const { graph } = layoutFlame(tree);
  const placeOf = functionPlaces(profile, decodeText);
  const originOf = originsOf(profile, decodeText);
  const nameOf = (node: number): string => placeOf(graph.functionIndex[node] ?? 0).name;
  const { self, total } = functionTotals(tree, profile.functions.name.length);
  const functions = new Map<string, { self: number; total: number }>();
  for (let index = 1; index < self.length; index++) {
    functions.set(placeOf(index).name, { self: self[index] ?? 0, total: total[index] ?? 0 });
  }
  return {
    profile,
    graph,
    total: graph.x1[0] ?? 0,
    durationNs: profile.durationNs,
    period: profile.period,
    summary: summariseTree(tree, frameTable(profile.functions.name.length, placeOf)),
    placeOf: (node) => ({ ...placeOf(graph.functionIndex[node] ?? 0), ...originOf(graph.functionIndex[node] ?? 0) }),
    nameOf,
    nodeOf: (name) => {
      const width = (node: number): number => (graph.x1[node] ?? 0) - (graph.x0[node] ?? 0);
      let widest = -1;
      for (let node = 0; node < graph.count; node++) {
        if (nameOf(node) === name && (widest < 0 || width(node) > width(widest))) widest = node;
      }
      if (widest < 0) throw new Error(`no frame is called ${name}`);
      return widest;
    },
    pathOf: (node) => ancestorsOf(graph, node).slice(1).map(nameOf),
    functions,
  };
}

function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}
