import type { Result } from '../../contract/result.js';
import type { CountedWindow, WatchedWindows, WatchRule, WatchState } from '../../contract/watching.js';
import type { FunctionName } from '../../core/compare/function-keys.js';
import { Watcher, type WatchVerdict } from '../../core/watch/watcher.js';
import { Turns } from '../deploy/checks/turns.js';

/** What the list reaches for. */
export interface WatchListOptions {
  /** The windows from a moment on, as far as their source has them. */
  readonly count: (
    windows: WatchedWindows,
    functions: readonly FunctionName[],
  ) => Promise<Result<readonly CountedWindow[]>>;
  readonly onChange: (states: readonly WatchState[]) => void;
  /** A rule is broken for certain, and was not before. */
  readonly onAbove: (rule: WatchRule, verdict: WatchVerdict) => void;
}

interface Watched {
  readonly rule: WatchRule;
  readonly watcher: Watcher;
  failure: string | undefined;
}

/** The chance that anything the whole list says is ever wrong. */
const listError = 0.05;
/** Windows before a rule was made teach what chance does. */
const learntMs = 3_600_000;

/**
 * The rules that are watched. It asks nobody by itself: told that a target has a new window, it fetches what its rules have not seen, once
 * for all rules of a selection, and judges. What it knows comes from the windows since a rule was made: after a restart it reads them again
 * and comes to the same.
 */
export class WatchList {
  readonly #options: WatchListOptions;
  #watched: readonly Watched[] = [];
  /** One look after the other. */
  readonly #turns = new Turns(1);
  readonly #waiting = new Set<string>();

  constructor(options: WatchListOptions) {
    this.#options = options;
  }

  get states(): readonly WatchState[] {
    return this.#watched.map(({ rule, watcher, failure }) => ({
      ruleId: rule.id,
      verdict: watcher.verdict,
      ...(failure === undefined ? {} : { failure }),
    }));
  }

  /** The rule with an id. */
  rule(ruleId: string): WatchRule | undefined {
    return this.#watched.find(({ rule }) => rule.id === ruleId)?.rule;
  }

  /** Takes over the rules of the settings. Those that are the same go on; new ones get their first look. */
  setRules(rules: readonly WatchRule[]): void {
    const before = this.#watched;
    this.#watched = rules.map((rule) => {
      const known = before.find((each) => JSON.stringify(each.rule) === JSON.stringify(rule));
      const question = { threshold: rule.most, beganMs: rule.createdMs };
      return known ?? { rule, watcher: new Watcher(question), failure: undefined };
    });
    const added = this.#watched.filter((each) => !before.includes(each));
    if (added.length === 0 && this.#watched.length === before.length) return;
    this.#options.onChange(this.states);
    for (const targetId of new Set(added.map(({ rule }) => rule.targetId))) this.look(targetId);
  }

  /** Looks at what is watched on a target, unless that is about to happen. */
  look(targetId: string): void {
    if (this.#waiting.has(targetId) || !this.#watched.some(({ rule }) => rule.targetId === targetId)) return;
    this.#waiting.add(targetId);
    // Failures are kept with the rules.
    void this.#turns.run(async () => {
      this.#waiting.delete(targetId);
      for (const group of this.#groups(targetId)) await this.#judge(group);
      this.#options.onChange(this.states);
    });
  }

  /** Looks at all rules whose source tells nobody of new windows. */
  lookAtPyroscopes(): void {
    const targets = this.#watched.filter(({ rule }) => rule.source === 'pyroscope').map(({ rule }) => rule.targetId);
    for (const targetId of new Set(targets)) this.look(targetId);
  }

  /** Rules of a target by selection: one request for each. */
  #groups(targetId: string): readonly (readonly Watched[])[] {
    const groups = new Map<string, Watched[]>();
    for (const watched of this.#watched) {
      const { rule } = watched;
      if (rule.targetId !== targetId) continue;
      const key = JSON.stringify([rule.source, rule.profileType, rule.selector]);
      groups.set(key, [...(groups.get(key) ?? []), watched]);
    }
    return [...groups.values()];
  }

  async #judge(group: readonly Watched[]): Promise<void> {
    const [first] = group;
    if (first === undefined) return;
    const { targetId, source, profileType, selector } = first.rule;
    const fromMs = Math.min(
      ...group.map(({ rule, watcher }) => watcher.lastEndMs ?? Math.max(0, rule.createdMs - learntMs)),
    );
    const functions = group.flatMap(({ rule }) => rule.function ?? []);
    const counted = await this.#options.count(
      { targetId, source, profileType, selector, fromMs: Math.floor(fromMs) },
      functions,
    );
    for (const watched of group) {
      watched.failure = counted.ok ? undefined : counted.failure.message;
      if (!counted.ok) continue;
      const wasAbove = watched.watcher.verdict.state === 'above';
      const place = watched.rule.function === undefined ? -1 : functions.indexOf(watched.rule.function);
      for (const window of counted.value) this.#take(watched, window, place);
      // Removed while it was looked at: nobody wants to know.
      if (!this.#watched.includes(watched)) continue;
      const { verdict } = watched.watcher;
      if (!wasAbove && verdict.state === 'above') this.#options.onAbove(watched.rule, verdict);
    }
  }

  #take({ rule, watcher }: Watched, { startMs, endMs, samples, oneCore, of }: CountedWindow, place: number): void {
    const count = place < 0 ? samples : (of[place] ?? 0);
    const exposure = rule.measure === 'share' ? samples : oneCore;
    watcher.add({ startMs, endMs, count, exposure }, listError / Math.max(1, this.#watched.length));
  }
}
