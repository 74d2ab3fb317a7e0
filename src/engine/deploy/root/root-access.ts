import { fail, ok, type FailureCode, type Result } from '../../../contract/result.js';
import { findAgentBinary } from '../agent-resources.js';
import { SudoPassword } from '../sudo-password.js';
import type { Asking } from './asking.js';
import { openBridge } from './open-bridge.js';
import type { Note, RootBridge } from './root-bridge.js';

export interface RootAccessOptions {
  /** The folder that holds agent/manifest.json. */
  readonly resourcesDir: string;
  /** Notes what is run as root; default: nobody wants to know. */
  readonly note?: Note;
}

/** After these there is no use in asking the user for the same in another way. */
const final: readonly FailureCode[] = ['cancelled', 'no-sudo', 'timeout', 'not-connected', 'upload-corrupt'];

type Opened = Result<RootBridge | undefined>;

/**
 * How root is had on one target where sudo asks for a password: by one bridge a connection, opened when root is needed first. Where
 * there can be none, by a password that is kept in memory and given to each sudo.
 */
export class RootAccess {
  /** For targets without a bridge. */
  readonly password = new SudoPassword();
  private readonly options: RootAccessOptions;
  private bridge: RootBridge | undefined;
  private opening: Promise<Opened> | undefined;
  /** It was tried on this connection. */
  private impossible = false;
  private ending = new AbortController();
  private unsubscribe: () => void = () => undefined;

  constructor(options: RootAccessOptions) {
    this.options = options;
  }

  /**
   * The bridge of this connection; the user may be asked for a password. Who needs it while another opens it waits for that.
   * Undefined where there can be none.
   */
  async get(asking: Asking, signal?: AbortSignal): Promise<Opened> {
    while (this.opening !== undefined) {
      const opened = await unlessAborted(this.opening, signal);
      if (opened === undefined) return fail('cancelled', 'Cancelled.');
      // Who opened it may have given up: then this one is asked.
    }
    if (this.bridge !== undefined) return ok(this.bridge);
    if (this.impossible || asking.facts.kernelName !== 'Linux') return ok(undefined);
    const both = signal === undefined ? this.ending.signal : AbortSignal.any([this.ending.signal, signal]);
    const opening = this.open(asking, both);
    this.opening = opening;
    try {
      return await opening;
    } finally {
      if (this.opening === opening) this.opening = undefined;
    }
  }

  /** The target is left: nothing of ours is root there any more, and nothing is known. */
  leave(): void {
    this.cut();
    this.password.forget();
  }

  /** The connection broke, and with it the bridge. */
  cut(): void {
    this.ending.abort();
    this.ending = new AbortController();
    this.impossible = false;
    this.take()?.dispose();
  }

  /** Ends the bridge; settles when it is gone from the target. */
  async close(): Promise<void> {
    await this.take()?.close();
  }

  private async open(asking: Asking, signal: AbortSignal): Promise<Opened> {
    const binary = await findAgentBinary(this.options.resourcesDir, asking.facts.machine);
    if (!binary.ok) {
      this.impossible = true;
      return ok(undefined);
    }
    const events = {
      note: this.options.note ?? (() => () => undefined),
      onEnded: (bridge: RootBridge) => {
        if (this.bridge === bridge) this.take();
      },
    };
    const opened = await openBridge(asking, binary.value, events, signal);
    if (!opened.ok) {
      if (final.includes(opened.failure.code)) return opened;
      this.impossible = true;
      return ok(undefined);
    }
    if (signal.aborted) {
      opened.value.dispose();
      return fail('cancelled', 'Cancelled.');
    }
    this.bridge = opened.value;
    // A server that allows few sessions: the password is asked for again then.
    this.unsubscribe = asking.link.onCrowded(() => {
      this.take()?.giveWay();
    });
    return opened;
  }

  /** The bridge, which is nobody's then. */
  private take(): RootBridge | undefined {
    const bridge = this.bridge;
    this.bridge = undefined;
    this.unsubscribe();
    this.unsubscribe = () => undefined;
    return bridge;
  }
}

/** What a promise settles with; undefined when it was given up before. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T | undefined> {
  if (signal === undefined) return promise;
  if (signal.aborted) return undefined;
  let onAbort = (): void => undefined;
  const aborted = new Promise<undefined>((resolve) => {
    onAbort = () => {
      resolve(undefined);
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
