/**
 * A window of what is watched: how often it was seen, and in how much.
 *
 * Example: 60 of a service's 1,455 samples of 15 s were in a function: count 60, exposure 1455, the share is 60 / 1455. For cores the
 * exposure is how many samples one busy core would have given.
 */
export interface WatchWindow {
  readonly startMs: number;
  readonly endMs: number;
  readonly count: number;
  /** Above 0. */
  readonly exposure: number;
}

/** Sums over a range of windows: all that a mean and a variance around it need. */
export interface SeriesSums {
  readonly windows: number;
  readonly count: number;
  readonly exposure: number;
  readonly exposureSquared: number;
  /** Sum of the squared distances of counts from the mean rate times exposure. */
  readonly residual: number;
}

/** So many more windows are kept before the oldest are dropped: dropping sums anew. */
const slack = 240;

/** Windows in the order of time, the last so many of them, with running sums. Windows have numbers that stay when old ones are dropped. */
export class WatchSeries {
  readonly #most: number;
  #first = 0;
  #windows: WatchWindow[] = [];
  /** Before each window, and behind the last: count, exposure, count squared, count times exposure, exposure squared. */
  #sums: Float64Array[] = [new Float64Array(5)];

  constructor(most: number) {
    this.#most = most;
  }

  /** The number of the oldest window that is kept. */
  get first(): number {
    return this.#first;
  }

  /** One more than the number of the last window. */
  get end(): number {
    return this.#first + this.#windows.length;
  }

  at(number: number): WatchWindow | undefined {
    return this.#windows[number - this.#first];
  }

  add(window: WatchWindow): void {
    this.#windows.push(window);
    this.#sum(window);
    if (this.#windows.length <= this.#most + slack) return;
    this.#first += this.#windows.length - this.#most;
    this.#windows = this.#windows.slice(-this.#most);
    this.#sums = [new Float64Array(5)];
    for (const each of this.#windows) this.#sum(each);
  }

  /** Of the windows [from, to). */
  sums(from: number, to: number): SeriesSums {
    const before = this.#sums[from - this.#first];
    const behind = this.#sums[to - this.#first];
    const of = (index: number): number => (behind?.[index] ?? 0) - (before?.[index] ?? 0);
    const [count, exposure, squared, product, exposureSquared] = [of(0), of(1), of(2), of(3), of(4)];
    const rate = exposure > 0 ? count / exposure : 0;
    const residual = Math.max(0, squared - 2 * rate * product + rate * rate * exposureSquared);
    return { windows: to - from, count, exposure, exposureSquared, residual };
  }

  #sum({ count, exposure }: WatchWindow): void {
    const sums = Float64Array.from(this.#sums.at(-1) ?? new Float64Array(5));
    const terms = [count, exposure, count * count, count * exposure, exposure * exposure];
    terms.forEach((term, index) => {
      sums[index] = (sums[index] ?? 0) + term;
    });
    this.#sums.push(sums);
  }
}
