import type { FlameHeader, TimedThread } from '../../contract/decoder.js';
import { layoutInTime } from '../../core/flame/time-order.js';
import { heatMapOf, type HeatMap } from '../../core/heat-map/heat-map.js';
import { randomFrom, type InventedProfile } from './invented-profiles.js';

/** Threads of an invented profile, one of them with a name that is hostile. */
export function inventThreads({ summary }: InventedProfile): readonly TimedThread[] {
  const whole = summary.totals[0] ?? 0;
  const thread = (tid: string, name: string, share: number): TimedThread => ({
    thread: { key: 'tid', value: tid, unit: '' },
    name,
    service: 'revel_web',
    total: share * whole,
  });
  return [
    thread('4711', 'MainThread', 0.61),
    thread('4719', 'ThreadPoolExecutor-0_0', 0.22),
    thread('4720', 'kafka-python-producer-1-network-thread \u202etxt', 0.12),
  ];
}

/** Samples of 24 seconds by their times: a beat that comes back each second, a busy second, a pause. */
export function inventHeat(nowMs: number): HeatMap {
  const times: number[] = [];
  const startMs = Math.floor(nowMs / 1000) * 1000 - 24_000;
  let state = 7;
  const random = (): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
  for (let second = 0; second < 24; second++) {
    for (let part = 0; part < 400; part++) {
      const within = part * 2.5;
      const likely = second === 15 ? 0.9 : within > 420 && within < 560 ? 0.8 : second === 9 && within > 600 ? 0 : 0.22;
      if (random() < likely) times.push(startMs + second * 1000 + within);
    }
  }
  return heatMapOf(Float64Array.from(times), new Float64Array(times.length).fill(1));
}

/** An invented profile in time order, and what its header says beside what that of the profile does. */
export interface InventedTimes {
  readonly profile: InventedProfile;
  readonly header: Pick<FlameHeader, 'nodeCount' | 'depth' | 'total'> & Required<Pick<FlameHeader, 'time'>>;
}

const sampleNs = 10e6;

/** 12 seconds of one thread, which works for a part of each on one thing after another. */
export function inventTimeOrder(profile: InventedProfile, nowMs: number): InventedTimes {
  const { graph } = profile;
  const random = randomFrom(11);
  const leaves = Array.from(graph.self, (own, node) => (own > 0 ? node : 0)).filter((node) => node > 0);
  const node: number[] = [];
  const timeMs: number[] = [];
  const startMs = Math.floor(nowMs / 1000) * 1000 - 12_000;
  let leaf = 0;
  for (let sample = 0; sample < 1200; sample++) {
    const within = sample % 100;
    if (within > 58 && within < 96) continue;
    if (random() < 0.2) leaf = leaves[Math.floor(random() * random() * leaves.length)] ?? 0;
    node.push(leaf);
    timeMs.push(startMs + sample * 10);
  }
  const samples = {
    node: Uint32Array.from(node),
    timeMs: Float64Array.from(timeMs),
    value: new Float64Array(node.length).fill(sampleNs),
  };
  const tree = { ...graph, subtreeEnd: new Uint32Array(0) }; // which a layout in time does not read
  const laidOut = layoutInTime(tree, samples, 1e6);
  if (laidOut === undefined) throw new Error('so few samples have a layout');
  const { axis, graph: inTime } = laidOut;
  return {
    profile: { ...profile, graph: inTime },
    header: {
      nodeCount: inTime.count,
      depth: inTime.depthCount,
      total: node.length * sampleNs,
      time: { ...axis, untimed: 0 },
    },
  };
}
