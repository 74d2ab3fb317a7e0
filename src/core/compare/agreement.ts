import { binomialTwoSided, studentQuantile } from './distributions.js';

/** A Python frame as a profiler saw it. `line` is the one that runs, 0 when unknown. */
export interface SeenFrame {
  readonly name: string;
  readonly file: string;
  readonly line: number;
}

/** Samples with one stack of Python frames, outermost first; never empty. */
export interface SeenStack {
  readonly frames: readonly SeenFrame[];
  readonly samples: number;
}

/**
 * What one profiler saw of Python code that runs, in some span of time.
 *
 * Example: main;parse 3 times and main;render once, 4 of 10 samples that one busy core would have given:
 *   stacks [{ frames: [main, parse], samples: 3 }, { frames: [main, render], samples: 1 }], without 0, coresPerSample 0.1
 */
export interface Seen {
  readonly stacks: readonly SeenStack[];
  /** Samples without a Python frame, of threads that had such frames in other samples. */
  readonly without: number;
  /** What one sample stands for: 1 / (samples a second x seconds). */
  readonly coresPerSample: number;
}

/** What is compared: the innermost function of a stack, a function anywhere in it, the line that runs. */
export type SeenPart = 'self' | 'total' | 'line';

/** One part of the Python code, and how much of it each profiler saw: shares of its samples, 0 to 1. */
export interface AgreementRow {
  readonly part: SeenPart;
  readonly name: string;
  readonly file: string;
  /** 0 but for lines. */
  readonly line: number;
  readonly agent: number;
  readonly pyspy: number;
  /** The shares may differ by so much and it says nothing. */
  readonly margin: number;
  /** They differ by more. */
  readonly differs: boolean;
}

/** How well two profilers agree about the same code in the same span. Pairs are [agent, py-spy]. */
export interface Agreement {
  /** "too-few": nothing differs, and a difference of `seenFrom` would not have been seen. */
  readonly verdict: 'agrees' | 'differs' | 'too-few';
  /** Samples that were compared. */
  readonly samples: readonly [number, number];
  /** What they stand for, in cores. */
  readonly cores: readonly [number, number];
  /** Samples in code that py-spy takes for waiting, left out on both sides. */
  readonly waiting: readonly [number, number];
  /** Functions that were seen often enough to be judged. */
  readonly functions: number;
  /** The part whose shares differ most; undefined when none was judged. */
  readonly largest?: AgreementRow;
  /** All that differ, the largest first; without any, the largest differences that say nothing. */
  readonly rows: readonly AgreementRow[];
  /** The share of the agent's stacks that have no Python frame where py-spy sees Python; 0 when that may be chance. */
  readonly lost: number;
  /** The smallest difference of a share of one half that would have been seen. */
  readonly smallest: number;
  /** As many samples on each side, and at this load as many seconds, would show a difference of `seenFrom`; 0 when these do. */
  readonly samplesNeeded: number;
  readonly secondsNeeded: number;
}

/** Three standard deviations: how rarely chance alone makes a verdict "differs", whatever the number of functions. */
const chance = 0.0027;
/**
 * So much two profilers may differ for good: the agent samples what is on a CPU, py-spy what is runnable, and it stops the
 * process to look. It is the error that the agent's own shares are held to (issue 4, "Truth").
 */
const slack = 0.01;
/** Rarer parts cannot differ by more than chance. */
const fewest = 16;
/** A verdict "agrees" says that a difference of this size, of a share of one half, would have been seen. */
export const seenFrom = 0.15;
const rowsShown = 5;
/** So many degrees of freedom make of Student's distribution the normal one. */
const normalDegrees = 1e5;

/** Compares what the agent and py-spy saw of the same processes in the same span of `seconds`. */
export function agreementOf(agent: Seen, pyspy: Seen, seconds: number): Agreement {
  const sides = [running(agent), running(pyspy)] as const;
  const samples = [sides[0].samples, sides[1].samples] as const;
  const parts = partsOf(sides[0].stacks, sides[1].stacks).filter(({ counts: [a, b] }) => a + b >= fewest);
  const tests = parts.length + 1;
  const deviations = studentQuantile(chance / tests, normalDegrees);
  const rows = parts
    .map((part): AgreementRow => {
      const { counts, ...named } = part;
      return { ...named, ...sharesOf(counts, samples), ...judged(counts, samples, chance / tests, deviations) };
    })
    .sort((a, b) => differenceOf(b) - differenceOf(a));
  const distinct = withoutRepetitions(rows);
  const differing = distinct.filter(({ differs }) => differs);
  const lost = lostOf(agent, pyspy, samples, chance / tests);
  const margin = marginOf(0.5, samples, deviations);
  const differs = differing.length > 0 || lost > 0;
  const enough = 2 * (deviations / (2 * (seenFrom - slack))) ** 2;
  const fewestSamples = Math.min(...samples);
  const few = margin > seenFrom;
  return {
    verdict: differs ? 'differs' : few ? 'too-few' : 'agrees',
    samples,
    cores: [samples[0] * agent.coresPerSample, samples[1] * pyspy.coresPerSample],
    waiting: [sides[0].waiting, sides[1].waiting],
    functions: rows.filter(({ part }) => part === 'total').length,
    ...(rows[0] === undefined ? {} : { largest: rows[0] }),
    rows: differing.length > 0 ? differing : distinct.slice(0, rowsShown),
    lost,
    smallest: margin,
    samplesNeeded: few ? Math.ceil(enough) : 0,
    secondsNeeded: few ? Math.ceil((seconds * enough) / Math.max(1, fewestSamples)) : 0,
  };
}

/** A function that only one line of is seen, and that calls nothing, has the same shares three times: they are told once. */
function withoutRepetitions(rows: readonly AgreementRow[]): readonly AgreementRow[] {
  const told = new Set<string>();
  return rows.filter(({ name, file, agent, pyspy }) => {
    const key = `${agent} ${pyspy} ${name}\n${file}`;
    if (told.has(key)) return false;
    told.add(key);
    return true;
  });
}

/** How far the shares of a row lie apart. */
export function differenceOf({ agent, pyspy }: Pick<AgreementRow, 'agent' | 'pyspy'>): number {
  return Math.abs(agent - pyspy);
}

/** A name without the classes and functions that it is defined in: only newer interpreters tell the agent those, and py-spy never says them. */
function plainName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** Code that py-spy takes for waiting by its name, whatever its thread does; as it lists them. */
function waits({ name, file }: SeenFrame): boolean {
  switch (plainName(name)) {
    case 'wait':
      return file.endsWith('threading.py');
    case 'select':
      return file.endsWith('selectors.py');
    case 'poll':
      return file.endsWith('asyncore.py') || /zmq|gevent|tornado/.test(file);
    default:
      return false;
  }
}

interface Running {
  readonly stacks: readonly SeenStack[];
  readonly samples: number;
  readonly waiting: number;
}

function running({ stacks }: Seen): Running {
  const kept = stacks.filter(({ frames }) => {
    const leaf = frames.at(-1);
    return leaf !== undefined && !waits(leaf);
  });
  const sum = (of: readonly SeenStack[]): number => of.reduce((total, { samples }) => total + samples, 0);
  return { stacks: kept, samples: sum(kept), waiting: sum(stacks) - sum(kept) };
}

/** A part with its samples on both sides. */
interface Part extends Pick<AgreementRow, 'part' | 'name' | 'file' | 'line'> {
  readonly counts: [number, number];
}

function partsOf(agent: readonly SeenStack[], pyspy: readonly SeenStack[]): readonly Part[] {
  const parts = new Map<string, Part>();
  const add = (part: SeenPart, frame: SeenFrame, line: number, side: 0 | 1, samples: number): void => {
    const name = plainName(frame.name);
    const key = `${part} ${line} ${name}\n${frame.file}`;
    let known = parts.get(key);
    if (known === undefined) {
      known = { part, name, file: frame.file, line, counts: [0, 0] };
      parts.set(key, known);
    }
    known.counts[side] += samples;
  };
  for (const [side, stacks] of [[0, agent] as const, [1, pyspy] as const]) {
    for (const { frames, samples } of stacks) {
      // A function that calls itself stands in its stack once.
      const functions = new Map(frames.map((frame) => [`${plainName(frame.name)}\n${frame.file}`, frame]));
      for (const frame of functions.values()) add('total', frame, 0, side, samples);
      const leaf = frames.at(-1);
      if (leaf === undefined) continue;
      add('self', leaf, 0, side, samples);
      if (leaf.line > 0) add('line', leaf, leaf.line, side, samples);
    }
  }
  return [...parts.values()];
}

type Counts = readonly [number, number];

function sharesOf(counts: Counts, of: Counts): Pick<AgreementRow, 'agent' | 'pyspy'> {
  return { agent: share(counts[0], of[0]), pyspy: share(counts[1], of[1]) };
}

function share(count: number, of: number): number {
  return of > 0 ? count / of : 0;
}

function judged(
  counts: Counts,
  of: Counts,
  rarity: number,
  deviations: number,
): Pick<AgreementRow, 'margin' | 'differs'> {
  const pooled = share(counts[0] + counts[1], of[0] + of[1]);
  return { margin: marginOf(pooled, of, deviations), differs: probabilityOf(counts, of) < rarity };
}

function marginOf(pooled: number, of: Counts, deviations: number): number {
  return slack + deviations * Math.sqrt(pooled * (1 - pooled) * (1 / Math.max(1, of[0]) + 1 / Math.max(1, of[1])));
}

/**
 * How likely chance makes two shares so unequal that differ by at most the slack: the exact comparison of two counts, of
 * the rarer outcome, after the larger share was made smaller by the slack.
 */
function probabilityOf(counts: Counts, of: Counts): number {
  const difference = share(counts[0], of[0]) - share(counts[1], of[1]);
  if (Math.abs(difference) <= slack) return 1;
  let [a, b] = counts;
  if (difference > 0) a -= slack * of[0];
  else b -= slack * of[1];
  if (a + b > (of[0] + of[1]) / 2) [a, b] = [of[0] - a, of[1] - b];
  return binomialTwoSided(a, a + b, of[0] / (of[0] + of[1]));
}

/**
 * Python code without Python frames: the agent has less of it than py-spy, and in its place stacks without a Python frame, in
 * threads that run Python. Where py-spy counts more only because threads wait for a CPU, the agent has no such stacks.
 */
function lostOf(agent: Seen, pyspy: Seen, samples: Counts, rarity: number): number {
  if (samples[1] < fewest) return 0;
  if (samples[0] === 0) return 1;
  const [seen, expected] = [samples[0] * agent.coresPerSample, samples[1] * pyspy.coresPerSample];
  const lost = Math.min(1 - seen / expected, agent.without / (samples[0] + agent.without));
  if (lost <= slack) return 0;
  // Of all samples of both sides, the part that is the agent's when it loses no more than the slack.
  const part = 1 / (1 + agent.coresPerSample / (pyspy.coresPerSample * (1 - slack)));
  return binomialTwoSided(samples[0], samples[0] + samples[1], part) < rarity ? lost : 0;
}
