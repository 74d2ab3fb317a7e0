import * as v from 'valibot';

/** Instants a second; prime, so that it does not beat in time with what programs do every 10 or 100 ms. */
export const defaultRateHz = 97;

/** How py-spy records. What each means for a user is said in the window, beside its switch. */
export const PySpyOptions = v.object({
  rateHz: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)),
  /** Count threads that wait as well: time that passes instead of CPU time. */
  idle: v.boolean(),
  /** Also measure, in every fourth slice, who holds the interpreter lock. */
  gil: v.boolean(),
  /** Do not stop the process while its stack is read: less slowdown, now and then a stack that never was. */
  nonblocking: v.boolean(),
  /** Walk C, C++ and Cython frames too. Linux on x86_64 only. */
  native: v.boolean(),
  /** Children of the chosen process too. */
  subprocesses: v.boolean(),
  /** "steady": one slice after the other; "sparse": 10 s of each minute, for recordings that last. */
  pace: v.picklist(['steady', 'sparse']),
  /** It ends by itself after so long; undefined: it goes on until it is stopped. */
  forSeconds: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(86_400))),
});
export type PySpyOptions = v.InferOutput<typeof PySpyOptions>;

/** What a recording begins with when nothing else is chosen. */
export const defaultPySpyOptions: PySpyOptions = {
  rateHz: defaultRateHz,
  idle: false,
  gil: false,
  nonblocking: false,
  native: false,
  subprocesses: true,
  pace: 'steady',
};

/** What is to be recorded by py-spy: one service, or all that runs Python. */
export const PySpyRequest = v.object({
  /** service_name of a row of source.services; null: everything that runs Python. */
  service: v.nullable(v.pipe(v.string(), v.minLength(1), v.maxLength(512))),
  /** One process of the service instead of all, as `PythonProcess` has its pid; with `subprocesses` its children too. */
  pid: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  options: PySpyOptions,
});
export type PySpyRequest = v.InferOutput<typeof PySpyRequest>;

/** What is recorded: one service or, null, all that runs Python; `pid` is as `PySpyRequest` has it. */
export interface PySpyChoice {
  readonly service: string | null;
  readonly pid?: number;
}

/** Why a target is profiled by py-spy instead of the agent, and what that costs. */
export interface EngineState {
  readonly kind: 'pyspy';
  /** One sentence. */
  readonly why: string;
  /** What the agent would show and py-spy does not. */
  readonly missing: string;
  /** What py-spy itself takes while it records, in cores; undefined until it was measured. */
  readonly cores?: number;
  /** What is recorded now. */
  readonly records?: PySpyChoice;
}

/** A process that runs Python. */
export interface PythonProcess {
  /** As the process' own list names it: in a container that of its host. */
  readonly pid: number;
  readonly parentPid: number;
  /** Hostile text. */
  readonly command: string;
  /** "3.11"; undefined when neither its name nor its image says. */
  readonly version?: string;
  /** Share of one core since it began, as ps says. */
  readonly cpuShare?: number;
  readonly threads?: number;
  /** Whose it is, as ps says. Hostile text. */
  readonly user?: string;
}

/** The comment in a profile that py-spy recorded. */
export const pySpyComment = 'recorded by py-spy';

/**
 * Units of a timeline of py-spy's: how many threads were counted at an instant. They are no cores: a thread that py-spy finds
 * active may wait for a CPU, or for anything else right after it was stopped.
 */
export const threadUnits = { active: 'active threads', all: 'threads', gil: 'threads with the GIL' } as const;

/** Memory of one Python process, by memray. */
export const MemoryRequest = v.object({
  /** service_name of a row of source.services. */
  service: v.pipe(v.string(), v.minLength(1), v.maxLength(512)),
  /** As `PythonProcess` has it; may be left out where the service is one process. */
  pid: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  seconds: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(600)),
  /** Whether memray may be put into a temporary folder there, which is removed afterwards. */
  install: v.boolean(),
});
export type MemoryRequest = v.InferOutput<typeof MemoryRequest>;

/** What was allocated while memray looked, and held when that was most; and what of it was not freed until it ended. In bytes. */
export const memoryPeakType = 'memory:inuse_space:bytes:space:bytes';
export const memoryLeaksType = 'memory:leaks:bytes:space:bytes';

/** Profile types of what py-spy records, beside `cpuProfileType`, which counts active threads then. */
export const wallProfileType = 'wall:wall:nanoseconds:wall:nanoseconds';
export const gilProfileType = 'gil:gil:nanoseconds:gil:nanoseconds';
