import { countingEvidence, countingInterval, mixtureQuantile, type Interval } from './confidence.js';
import { learnNoise, varianceAt, type WatchNoise } from './noise.js';
import { WatchSeries, type SeriesSums, type WatchWindow } from './series.js';

/** What is asked of a row of windows: does its rate stay below a threshold, from a moment on? */
export interface WatchQuestion {
  /** A share, or cores. Above 0. */
  readonly threshold: number;
  /** Windows before this teach what chance does, and are not judged. Unix milliseconds. */
  readonly beganMs: number;
}

/** What is known by now. */
export interface WatchVerdict {
  /** `open`: neither side of the threshold is certain. */
  readonly state: 'waiting' | 'fine' | 'open' | 'above';
  /** Windows that are judged and those that had to be learnt from, and how many are needed to say anything. */
  readonly windows: number;
  readonly needed: number;
  /** When the windows begin that told it, while above. */
  readonly sinceMs?: number;
  /** The mean of the last windows with its interval; absent while waiting. */
  readonly measured?: Interval & { readonly fromMs: number; readonly toMs: number };
}

/** Windows that teach what chance does: 20 minutes at least, an hour where there is one. */
export const leastLearnt = 80;
const mostLearnt = 240;
/** A minute: fewer windows are not judged. */
const leastJudged = 4;
/** From these many windows on they say themselves when they scatter more than those before. */
const leastForOwn = 8;
/** Windows that are kept: a change that takes longer to be certain is none that anybody waits for. */
const mostKept = 1000;
/** A new sequence begins every five minutes, so that a change is not thinned by the days before it. */
const blockMs = 300_000;
/** What is shown is the mean of about an hour. */
const shownWindows = 240;

/** A confidence sequence: the mean of all windows since its start. */
interface Sequence {
  /** The number of its first window. */
  readonly from: number;
  /** Logarithm of how many times less than the whole its error is. */
  readonly weight: number;
  readonly noise: WatchNoise;
  readonly learnt: number;
}

/**
 * Watches a rate, window by window. Sequences begin every five minutes, the j-th with 1 / ((j + 1)(j + 2)) of the error, so that all intervals of all
 * of them hold at every look at once with the chance of 1 - error, however long it goes on. Above for certain is what an interval says that
 * lies above the threshold as a whole; it lasts until one that began later lies below. See docs/adr/0010.
 */
export class Watcher {
  readonly #question: WatchQuestion;
  readonly #series = new WatchSeries(mostKept);
  /** Windows at which the level changed for certain. */
  #cuts: number[] = [];
  #sequences: Sequence[] = [];
  #block = -1;
  /** When what told that it is above began; undefined: it is not. */
  #sinceMs: number | undefined;
  #shown: Interval | undefined;
  #shownFrom = 0;

  constructor(question: WatchQuestion) {
    this.#question = question;
  }

  /** When the last window ended; undefined before the first. */
  get lastEndMs(): number | undefined {
    return this.#series.at(this.#series.end - 1)?.endMs;
  }

  /** Takes the next window and looks. `error`: the chance that anything said of this question is ever wrong. */
  add(window: WatchWindow, error: number): void {
    if (window.exposure <= 0 || window.startMs < (this.lastEndMs ?? 0)) return;
    this.#begin(window);
    this.#series.add(window);
    this.#sequences = this.#sequences.filter(({ from }) => from >= this.#series.first);
    this.#cuts = this.#cuts.filter((cut) => cut > this.#series.first);
    this.#look(Math.log(1 / error));
  }

  get verdict(): WatchVerdict {
    const { first, end } = this.#series;
    const judged = end - (this.#sequences[0]?.from ?? end);
    const windows = Math.min(leastLearnt, end - judged - first) + judged;
    const about = { windows, needed: leastLearnt + leastJudged };
    const [measured, from] = [this.#shown, this.#series.at(this.#shownFrom)];
    if (measured === undefined || from === undefined) return { state: 'waiting', ...about };
    const sinceMs = this.#sinceMs;
    const below = measured.high < this.#question.threshold;
    const state = sinceMs !== undefined ? 'above' : below ? 'fine' : 'open';
    return {
      state,
      ...about,
      ...(sinceMs === undefined ? {} : { sinceMs }),
      measured: { ...measured, fromMs: from.startMs, toMs: this.lastEndMs ?? from.endMs },
    };
  }

  /** Begins a sequence with a window that is the first of its five minutes, once enough was learnt before. */
  #begin({ startMs }: WatchWindow): void {
    const block = Math.floor((startMs - this.#question.beganMs) / blockMs);
    const from = this.#series.end;
    const learntFrom = Math.max(this.#series.first, from - mostLearnt);
    if (block <= this.#block || block < 0 || from - learntFrom < leastLearnt) return;
    this.#block = block;
    this.#sequences.push({
      from,
      weight: Math.log((block + 1) * (block + 2)),
      noise: learnNoise(this.#series, learntFrom, from, this.#cuts),
      learnt: from - learntFrom,
    });
  }

  #look(evidence: number): void {
    const { threshold } = this.#question;
    const above = this.#sinceMs !== undefined;
    let best: Sequence | undefined;
    let most = 1;
    for (const sequence of this.#sequences) {
      if (above && sequence.from <= (this.#cuts.at(-1) ?? 0)) continue;
      const sums = this.#sumsOf(sequence);
      if (sums.windows < leastJudged) continue;
      const mean = sums.count / sums.exposure;
      if (above ? mean >= threshold : mean <= threshold) continue;
      const wanted = evidence + sequence.weight;
      const distance = Math.abs(mean - threshold) / this.#margin(sequence, sums, wanted);
      if (distance <= most || countingEvidence(sums.count, sums.exposure, threshold, threshold) < wanted) continue;
      most = distance;
      best = sequence;
    }
    if (best !== undefined) {
      const { from } = best;
      this.#sinceMs = above ? undefined : this.#series.at(from)?.startMs;
      this.#cuts.push(from);
      // What began before has both levels in it.
      this.#sequences = this.#sequences.filter((sequence) => sequence.from >= from);
    }
    this.#measure(evidence);
  }

  /** The interval that is shown: of the sequence that is nearest to an hour long. */
  #measure(evidence: number): void {
    const judged = this.#sequences.filter((sequence) => this.#series.end - sequence.from >= leastJudged);
    const shown = judged.findLast(({ from }) => this.#series.end - from >= shownWindows) ?? judged[0];
    if (shown === undefined) return;
    const sums = this.#sumsOf(shown);
    const wanted = evidence + shown.weight;
    const margin = this.#margin(shown, sums, wanted);
    const counting = countingInterval(sums.count, sums.exposure, this.#question.threshold, wanted);
    this.#shownFrom = shown.from;
    this.#shown = {
      mean: counting.mean,
      low: Math.max(0, Math.min(counting.low, counting.mean - margin)),
      high: Math.max(counting.high, counting.mean + margin),
    };
  }

  #sumsOf({ from }: Sequence): SeriesSums {
    return this.#series.sums(from, this.#series.end);
  }

  /** Half the width of a sequence's interval by the scatter of windows. */
  #margin({ noise, learnt }: Sequence, sums: SeriesSums, evidence: number): number {
    const { windows, count, exposure, residual } = sums;
    // Without a sample the variance is not nothing: one could have been there.
    const mean = Math.max(1, count) / windows;
    const alone = varianceAt(noise, mean, learnt, true);
    const own = windows < leastForOwn ? 0 : residual / (windows - 1);
    const longRun = varianceAt(noise, mean, learnt, false) * Math.max(1, own / alone);
    const effective = (windows * alone) / longRun;
    return (mixtureQuantile(evidence, effective, noise.degrees) * Math.sqrt(windows * longRun)) / exposure;
  }
}
