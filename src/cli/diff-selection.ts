import * as v from 'valibot';
import type { Turnovers, WindowsCost } from '../contract/links.js';
import { fail, ok, type Failure, type Result } from '../contract/result.js';
import { PyroscopeConfig } from '../contract/target.js';
import { targetTimeMs } from '../contract/target-clock.js';
import { earlierSpan } from '../core/compare/earlier-pairs.js';
import type { Selection } from '../contract/selection.js';
import type { CountedWork, WorkCounter } from '../contract/work-counter.js';
import { checkPyroscope } from '../engine/deploy/check-pyroscope.js';
import { TargetSession } from '../engine/deploy/session.js';
import { selectionTitle } from '../engine/deploy/titles.js';
import { loginWords } from '../engine/link/server-login.js';
import type { ProfileDecoder } from '../engine/profiles/decoder.js';
import { readWindows, type DecodedWindows } from '../engine/profiles/windows.js';
import { parseTarget, type RecordTarget, type SelectionsAsked } from './arguments.js';
import { withEnvironmentLogins } from './environment-logins.js';
import type { Progress } from './progress.js';
import { connectionParts } from './record.js';
import { atClock, type SelectionText } from './selection-text.js';

/** A selection, fetched. */
export interface FetchedSelection {
  readonly title: string;
  readonly bytes: Uint8Array;
  /** undefined: the source measures no windows. */
  readonly windows: DecodedWindows | undefined;
  readonly selection: Selection;
  /** What it was asked of, as it was typed. */
  readonly source: string;
  readonly windowMs: number;
}

/** What a reader works with. */
export interface ReaderOptions {
  readonly decoder: ProfileDecoder;
  readonly asking: SelectionsAsked;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Asks running agents and Pyroscopes; both sides of one target over one connection. Starts nothing there. */
export class SelectionReader {
  readonly #sessions = new Map<string, TargetSession>();
  /** A moment before now stays the same one, however long something else takes. */
  readonly #selections = new Map<SelectionText, Selection>();
  readonly #options: ReaderOptions;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** Whether anything was asked for. */
  get asked(): boolean {
    return this.#sessions.size > 0;
  }

  /** What it takes to have the windows of selections. */
  async cost(texts: readonly SelectionText[]): Promise<Result<WindowsCost>> {
    let [windows, requests, windowMs] = [0, 0, 0];
    for (const text of texts) {
      const session = await this.#sessionOf(text.source);
      if (!session.ok) return session;
      const selection = this.#selectionOf(text, session.value);
      if (!selection.ok) return selection;
      const cost = session.value.sources.windowsCost({ selection: selection.value });
      windows += cost.windows;
      requests += cost.requests;
      windowMs = Math.max(windowMs, cost.windowMs);
    }
    return ok({ windows, requests, windowMs });
  }

  /** Fetches the profile of a selection and, unless they are not wanted, its windows. */
  async read(text: SelectionText, wantsWindows = true): Promise<Result<FetchedSelection>> {
    const { progress, decoder, signal } = this.#options;
    const session = await this.#sessionOf(text.source);
    if (!session.ok) return session;
    const { config } = session.value.state;
    const ofPyroscope = isPyroscope(text.source);
    const read = this.#selectionOf(text, session.value);
    if (!read.ok) return read;
    const selection = read.value;
    progress.show(`asking ${text.source}`);
    const bytes = await session.value.sources.fetch(selection, signal);
    if (!bytes.ok) return inTheTerminal(bytes.failure, text.source);
    const { windows: of, windowMs } = session.value.sources.windowsCost({ selection });
    const title = selectionTitle(selection, ofPyroscope ? text.source : config.name);
    const found = { title, bytes: bytes.value, selection, source: text.source, windowMs };
    if (!wantsWindows) return ok({ ...found, windows: undefined });
    const fetched = await session.value.sources.windows(
      { selection },
      (done) => {
        progress.show(`window ${done} of ${of} of ${text.source}`, of > 0 ? Math.min(1, done / of) : undefined);
      },
      signal,
    );
    if (!fetched.ok) {
      return fetched.failure.code === 'unsupported' ? ok({ ...found, windows: undefined }) : fetched;
    }
    const windows = await readWindows(fetched.value.bytes, decoder);
    return windows.ok ? ok({ ...found, windows: windows.value }) : windows;
  }

  /** The windows before both sides, or why there are none: asked for where that is one request. */
  async earlier(before: FetchedSelection, after: FetchedSelection): Promise<Result<DecodedWindows | string>> {
    const { progress, decoder, signal } = this.#options;
    const [one, other] = [before.selection, after.selection];
    if (before.windows === undefined || after.windows === undefined) return ok('the source measures no windows');
    if (before.source !== after.source || one.selector !== other.selector)
      return ok('the sides are not the same service');
    const windowMs = Math.max(before.windowMs, after.windowMs);
    const span = earlierSpan(one, other, windowMs);
    if (span === undefined) return ok('20 pairs of ranges as long as these are too many windows');
    const session = await this.#sessionOf(after.source);
    if (!session.ok) return session;
    const { sources } = session.value;
    const wanted = { selection: { ...other, ...span }, windowMs };
    const { requests, windows: of } = sources.windowsCost(wanted);
    if (requests > 0) return ok(`the source would have to be asked ${requests} times`);
    const onWindows = (done: number): void => {
      progress.show(`earlier window ${done} of ${of} of ${after.source}`, of > 0 ? Math.min(1, done / of) : undefined);
    };
    const fetched = await sources.windows(wanted, onWindows, signal);
    return fetched.ok ? readWindows(fetched.value.bytes, decoder) : fetched;
  }

  /** Reads how much work was done in both selections; a Prometheus may be reached through what the second one was asked of. */
  async countWork(
    counter: WorkCounter,
    before: FetchedSelection,
    after: FetchedSelection,
  ): Promise<Result<CountedWork>> {
    const session = await this.#sessionOf(after.source);
    if (!session.ok) return session;
    this.#options.progress.show('asking Prometheus');
    const counted = await session.value.countWork(counter, [before.selection, after.selection], this.#options.signal);
    if (counted.ok || counted.failure.code !== 'auth-failed') return counted;
    const { message } = counted.failure;
    return fail('auth-failed', message, loginHint('--prometheus-login', 'PROMETHEUS'));
  }

  /** Deploys and restarts in what was read; none where the source does not tell. */
  async turnovers({ source }: SelectionText, selection: Selection): Promise<Turnovers> {
    const session = await this.#sessionOf(source);
    const found = session.ok ? await session.value.sources.turnovers(selection, this.#options.signal) : session;
    return found.ok ? found.value : { stepMs: 0, turnovers: [], starts: [] };
  }

  #selectionOf(text: SelectionText, { state: { config, agent } }: TargetSession): Result<Selection> {
    const known = this.#selections.get(text);
    if (known !== undefined) return ok(known);
    const ofPyroscope = isPyroscope(text.source);
    const nowMs = ofPyroscope ? Date.now() : targetTimeMs(agent.status, Date.now());
    const selection: Selection = {
      targetId: config.id,
      source: ofPyroscope ? 'pyroscope' : 'agent',
      profileType: this.#options.asking.profileType,
      selector: text.selector,
      startMs: Math.max(0, Math.floor(atClock(text.from, nowMs))),
      endMs: Math.ceil(atClock(text.to, nowMs)),
    };
    if (selection.startMs >= selection.endMs) {
      return fail('invalid-input', `The range of ${text.source}${text.selector} ends before it begins.`);
    }
    this.#selections.set(text, selection);
    return ok(selection);
  }

  dispose(): void {
    for (const session of this.#sessions.values()) session.dispose();
  }

  async #sessionOf(source: string): Promise<Result<TargetSession>> {
    const known = this.#sessions.get(source);
    if (known !== undefined) return ok(known);
    const { asking, progress, signal } = this.#options;
    const ofPyroscope = isPyroscope(source);
    const target: Result<RecordTarget> = ofPyroscope ? ok({ kind: 'local' }) : parseTarget(source);
    if (!target.ok) return target;
    const pyroscope = ofPyroscope ? pyroscopeOf(source, asking) : ok(undefined);
    if (!pyroscope.ok) return pyroscope;
    const parts = connectionParts(target.value, asking.identity);
    const config = pyroscope.value === undefined ? parts.config : { ...parts.config, pyroscope: pyroscope.value };
    const prompter = withEnvironmentLogins(process.env, parts.prompter);
    const session = new TargetSession({ ...parts, config, prompter, onChange: () => undefined });
    this.#sessions.set(source, session);
    if (!ofPyroscope) {
      progress.show(`connecting to ${source}`);
      const connected = await session.connect(signal);
      return connected.ok ? ok(session) : connected;
    }
    if (await session.logIn()) return ok(session);
    const wanted = loginWords(asking.login ?? 'basic');
    return fail('auth-failed', `${source} was not told ${wanted}.`, loginHint('--login', 'PYROSCOPE'));
  }
}

function isPyroscope(source: string): boolean {
  return source.startsWith('http');
}

/** A Pyroscope's address as a configuration. */
function pyroscopeOf(url: string, { tenant, login }: SelectionsAsked): Result<PyroscopeConfig> {
  const how = { ...(tenant === undefined ? {} : { tenant }), ...(login === undefined ? {} : { login }) };
  const config = v.safeParse(PyroscopeConfig, { url, reach: 'direct', push: false, ...how });
  if (!config.success) return fail('invalid-input', `"${url}" is no address of a Pyroscope, as http://host:4040.`);
  const checked = checkPyroscope(config.output);
  return checked.ok ? ok(config.output) : checked;
}

/** A session's failure without the buttons that it names, which only the window has. */
function inTheTerminal(failure: Failure, source: string): Result<never> {
  if (failure.code === 'agent-not-running') {
    return fail('agent-not-running', `No agent runs on ${source}: start one in the window, or compare recordings.`);
  }
  if (failure.code !== 'auth-failed' || !isPyroscope(source)) return { ok: false, failure };
  return fail('auth-failed', failure.message, loginHint('--login', 'PYROSCOPE'));
}

function loginHint(option: string, server: string): string {
  return (
    `Say ${option} basic, or ${option} bearer. You are asked on a terminal; elsewhere set PYROMETER_${server}_USER and ` +
    `PYROMETER_${server}_PASSWORD, or PYROMETER_${server}_TOKEN.`
  );
}
