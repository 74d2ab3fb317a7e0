import { fail, ok, type Result } from '../contract/result.js';
import { targetTimeMs } from '../contract/target-clock.js';
import type { Selection } from '../contract/selection.js';
import { selectionTitle } from '../engine/deploy/titles.js';
import { TargetSession } from '../engine/deploy/session.js';
import type { ProfileDecoder } from '../engine/profiles/decoder.js';
import { readWindows, type DecodedWindows } from '../engine/profiles/windows.js';
import { parseTarget, type RecordTarget } from './arguments.js';
import type { Progress } from './progress.js';
import { connectionParts } from './record.js';
import { atClock, type SelectionText } from './selection-text.js';

/** A selection, fetched. */
export interface FetchedSelection {
  readonly title: string;
  readonly bytes: Uint8Array;
  /** undefined: the source measures no windows. */
  readonly windows: DecodedWindows | undefined;
}

/** What a reader works with. */
export interface ReaderOptions {
  readonly decoder: ProfileDecoder;
  readonly profileType: string;
  /** A private key's path, or undefined for the ssh agent. */
  readonly identity: string | undefined;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Asks running agents and Pyroscopes; both sides of one target over one connection. Starts nothing there. */
export class SelectionReader {
  readonly #sessions = new Map<string, TargetSession>();
  readonly #options: ReaderOptions;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** Whether anything was asked for. */
  get asked(): boolean {
    return this.#sessions.size > 0;
  }

  /** Fetches the profile of a selection and its windows. */
  async read(text: SelectionText): Promise<Result<FetchedSelection>> {
    const { profileType, progress, decoder, signal } = this.#options;
    const session = await this.#sessionOf(text.source);
    if (!session.ok) return session;
    const { config, agent } = session.value.state;
    const ofPyroscope = text.source.startsWith('http');
    const nowMs = ofPyroscope ? Date.now() : targetTimeMs(agent.status, Date.now());
    const selection: Selection = {
      targetId: config.id,
      source: ofPyroscope ? 'pyroscope' : 'agent',
      profileType,
      selector: text.selector,
      startMs: Math.max(0, Math.floor(atClock(text.from, nowMs))),
      endMs: Math.ceil(atClock(text.to, nowMs)),
    };
    if (selection.startMs >= selection.endMs) {
      return fail('invalid-input', `The range of ${text.source}${text.selector} ends before it begins.`);
    }
    progress.show(`asking ${text.source}`);
    const bytes = await session.value.fetch(selection, signal);
    if (!bytes.ok) {
      // The session names buttons, which only the window has.
      return bytes.failure.code === 'agent-not-running'
        ? fail('agent-not-running', `No agent runs on ${text.source}: start one in the window, or compare recordings.`)
        : bytes;
    }
    const { windows: of } = session.value.windowsCost(selection);
    const fetched = await session.value.windows(
      selection,
      (done) => {
        progress.show(`window ${done} of ${of} of ${text.source}`, of > 0 ? Math.min(1, done / of) : undefined);
      },
      signal,
    );
    const title = selectionTitle(selection, ofPyroscope ? text.source : config.name);
    if (!fetched.ok) {
      return fetched.failure.code === 'unsupported' ? ok({ title, bytes: bytes.value, windows: undefined }) : fetched;
    }
    const windows = await readWindows(fetched.value.bytes, decoder);
    return windows.ok ? ok({ title, bytes: bytes.value, windows: windows.value }) : windows;
  }

  dispose(): void {
    for (const session of this.#sessions.values()) session.dispose();
  }

  async #sessionOf(source: string): Promise<Result<TargetSession>> {
    const known = this.#sessions.get(source);
    if (known !== undefined) return ok(known);
    const ofPyroscope = source.startsWith('http');
    const target: Result<RecordTarget> = ofPyroscope ? ok({ kind: 'local' }) : parseTarget(source);
    if (!target.ok) return target;
    const parts = connectionParts(target.value, this.#options.identity);
    const config = ofPyroscope
      ? { ...parts.config, pyroscope: { url: source, reach: 'direct' as const, push: false } }
      : parts.config;
    const session = new TargetSession({ ...parts, config, onChange: () => undefined });
    this.#sessions.set(source, session);
    if (ofPyroscope) return ok(session);
    this.#options.progress.show(`connecting to ${source}`);
    const connected = await session.connect(this.#options.signal);
    return connected.ok ? ok(session) : connected;
  }
}
