import type { Duplex } from 'node:stream';
import { fail, type Result } from '../../contract/result.js';
import type { LinkState } from '../../contract/target.js';
import { describeAddress, type Address, type ExecResult, type Link, type RunningCommand } from '../link/link.js';
import { LinkStates } from '../link/link-states.js';
import { LocalLink } from '../link/local-link.js';
import { secureStream } from './secured-stream.js';

const nothingRuns = 'A Docker engine alone runs no commands of its machine: add that machine as a server.';

/**
 * The link to a Docker engine alone, as this computer reaches it: streams to where it listens, and nothing else. Where
 * `certificates` names their folder, what is written to a stream goes through TLS.
 */
export class EngineLink implements Link {
  readonly kind = 'local';
  readonly engine: Address;
  private readonly certificates: string | undefined;
  private readonly own: Link;
  private readonly states = new LinkStates({ state: 'disconnected' });

  /** `own`: the link to this computer, which ends with this one. */
  constructor(engine: Address, certificates?: string, own: Link = new LocalLink()) {
    this.engine = engine;
    this.certificates = certificates;
    this.own = own;
  }

  get state(): LinkState {
    return this.states.state;
  }

  onState(listener: (state: LinkState) => void): () => void {
    return this.states.onState(listener);
  }

  /** There is always room. */
  onCrowded(): () => void {
    return () => undefined;
  }

  /** Whether the engine is there is all that there is to connect; it is looked for anew each time. */
  async connect(signal?: AbortSignal): Promise<Result<null>> {
    if (this.state.state !== 'connected') this.states.set({ state: 'connecting' });
    const opened = await this.open(this.engine, signal);
    if (opened.ok) {
      opened.value.destroy();
      if (this.state.state !== 'connected') this.states.set({ state: 'connected' });
      return { ok: true, value: null };
    }
    const { code, message: said, detail } = opened.failure;
    if (code === 'cancelled') {
      this.states.set({ state: 'disconnected' });
      return opened;
    }
    const isThere = code === 'auth-failed';
    const message = isThere ? said : `Docker does not answer at ${describeAddress(this.engine)}: start it there.`;
    this.states.set({ state: 'failed', message, ...(detail === undefined ? {} : { detail }) });
    return fail(isThere ? code : 'refused', message, detail);
  }

  spawn(): Promise<Result<RunningCommand>> {
    return Promise.resolve(fail('unsupported', nothingRuns));
  }

  exec(): Promise<Result<ExecResult>> {
    return Promise.resolve(fail('unsupported', nothingRuns));
  }

  upload(): Promise<Result<null>> {
    return Promise.resolve(fail('unsupported', nothingRuns));
  }

  async open(address: Address, signal?: AbortSignal): Promise<Result<Duplex>> {
    const opened = await this.own.open(address, signal);
    if (!opened.ok || this.certificates === undefined || address.kind !== 'tcp') return opened;
    return secureStream(opened.value, address.host, this.certificates, signal);
  }

  dispose(): void {
    this.own.dispose();
    this.states.set({ state: 'disconnected' });
    this.states.clear();
  }
}
