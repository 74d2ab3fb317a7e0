import * as v from 'valibot';

/** What is profiled on a target; all empty: everything. */
export const Choice = v.object({
  /** Whole ids: 64 hex digits. */
  containerIds: v.pipe(v.array(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))), v.maxLength(2000)),
  pids: v.pipe(v.array(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(0xffffffff))), v.maxLength(16_000)),
  /** By service_name: also containers and processes that come later. */
  services: v.pipe(v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(2048))), v.maxLength(2000)),
});
export type Choice = v.InferOutput<typeof Choice>;

/** Everything on the target is profiled. */
export const everything: Choice = { containerIds: [], pids: [], services: [] };

export function isEverything(choice: Choice): boolean {
  return choice.containerIds.length === 0 && choice.pids.length === 0 && choice.services.length === 0;
}

/** The rates that can be chosen while an agent runs, in samples a second of each CPU. */
export const sampleRatesHz = [19, 49, 97, 199, 997] as const;

/** Lengths of a window that are offered, in seconds: divisors of an hour. */
export const windowLengths = [5, 10, 15, 30, 60] as const;

/** How often is sampled: from now on, or for a burst; and how long windows are. */
export const SamplingChange = v.object({
  rateHz: v.picklist(sampleRatesHz),
  /** After so long the rate returns to what it was; 0: it stays. */
  burstSeconds: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(3600)),
  /** Of a window; 0 leaves it as it is. */
  windowSeconds: v.picklist([0, ...windowLengths]),
});
export type SamplingChange = v.InferOutput<typeof SamplingChange>;

/** How services are called; see Naming in agent.proto. The agent judges it, so the bounds here are only of size. */
export const Naming = v.object({
  labels: v.pipe(
    v.array(v.object({ name: v.pipe(v.string(), v.maxLength(1024)), value: v.pipe(v.string(), v.maxLength(4096)) })),
    v.maxLength(100),
  ),
  leadingSlash: v.boolean(),
  /** A list of Prometheus' relabel_configs in YAML; empty for none. */
  relabelConfigs: v.pipe(v.string(), v.maxLength(128 * 1024)),
});
export type Naming = v.InferOutput<typeof Naming>;

/** Services are called as by default. */
export const defaultNaming: Naming = { labels: [], leadingSlash: false, relabelConfigs: '' };

/** A process that runs on a target. Its texts are hostile. */
export interface RunningProcess {
  readonly pid: number;
  /** The path as the process sees it; empty for threads of the kernel. */
  readonly executable: string;
  readonly comm: string;
  /** Empty for none. */
  readonly containerId: string;
  readonly container: string;
  /** service_name; empty where rules drop it. */
  readonly service: string;
  /** Chosen, and not dropped by a rule. */
  readonly profiled: boolean;
  /** By the naming that was asked about; undefined where rules drop it, or none was asked about. */
  readonly proposed?: Readonly<Record<string, string>>;
}

/** What runs on a target. */
export interface Running {
  readonly processes: readonly RunningProcess[];
  /** What is wrong with the naming that was asked about. `rule` and `line` count from 1; 0: not known. */
  readonly namingError?: { readonly message: string; readonly rule: number; readonly line: number };
}
