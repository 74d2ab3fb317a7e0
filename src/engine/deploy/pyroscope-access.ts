import { fail, ok, type Result } from '../../contract/result.js';
import type { PyroscopeConfig, PyroscopeState } from '../../contract/target.js';
import type { Link } from '../link/link.js';
import { Http1Transport } from '../pyroscope/http1-transport.js';
import { QuerierClient } from '../pyroscope/querier-client.js';

export interface PyroscopeAccessOptions {
  readonly config: PyroscopeConfig | undefined;
  readonly targetName: () => string;
  /** The link that a tunnelled Pyroscope is reached through. */
  readonly link: () => Link;
  readonly onChange: () => void;
}

/** The Pyroscope that belongs to a target, reached directly or through the target's link. */
export class PyroscopeAccess {
  private readonly options: PyroscopeAccessOptions;
  private config: PyroscopeConfig | undefined;
  private now: PyroscopeState;
  private querier: QuerierClient | undefined;
  private disposed = false;

  constructor(options: PyroscopeAccessOptions) {
    this.options = options;
    this.config = options.config;
    this.now = { state: options.config === undefined ? 'none' : 'unknown' };
  }

  get state(): PyroscopeState {
    return this.now;
  }

  /** "not-found" where no Pyroscope is set, "not-connected" where its link is down. */
  client(): Result<QuerierClient> {
    const { config } = this;
    if (config === undefined) return fail('not-found', 'No Pyroscope address is set for this target: set one.');
    const link = this.options.link();
    const through = config.reach === 'tunnel' && link.kind === 'ssh' ? link : undefined;
    if (through !== undefined && through.state.state !== 'connected') {
      return fail('not-connected', `Pyroscope is reached through ${this.options.targetName()}: connect first.`);
    }
    this.querier ??= new QuerierClient(
      new Http1Transport(config.url, through),
      `Pyroscope at ${new URL(config.url).host}`,
    );
    return ok(this.querier);
  }

  /** Another address, or none. */
  reconfigure(config: PyroscopeConfig | undefined): void {
    this.drop();
    this.config = config;
    this.now = { state: config === undefined ? 'none' : 'unknown' };
  }

  /** Asks it something small; the state tells what came of it. */
  async check(): Promise<void> {
    const { config } = this;
    if (config === undefined) return;
    const client = this.client();
    if (!client.ok) return; // asked again when the link is there
    const now = Date.now();
    const types = await client.value.profileTypes({ startMs: now - 3_600_000, endMs: now });
    if (this.disposed || this.config !== config) return;
    this.now = types.ok ? { state: 'ok' } : { state: 'failed', message: types.failure.message };
    this.options.onChange();
  }

  /** The agent does not push to it. */
  notPushed(reason: string): void {
    this.now = { state: 'failed', message: `The agent does not push: ${reason}` };
    this.options.onChange();
  }

  /** Lets go of connections, which may belong to a link that is gone. */
  drop(): void {
    this.querier?.dispose();
    this.querier = undefined;
  }

  dispose(): void {
    this.disposed = true;
    this.drop();
  }
}
