import type { Failure } from '../../contract/result.js';
import type { Verification, VerifyProgress } from '../../contract/verify.js';
import type { Context } from './context.js';

/** A service that is, or was, verified by py-spy. */
export interface VerifiedService {
  readonly targetId: string;
  readonly service: string;
}

/** How far that is; of the last service only. */
export type VerifyState =
  | { readonly phase: 'idle' }
  | ({ readonly phase: 'running'; readonly progress: VerifyProgress | null } & VerifiedService)
  | ({ readonly phase: 'done'; readonly verification: Verification; readonly atMs: number } & VerifiedService)
  | ({ readonly phase: 'failed'; readonly failure: Failure } & VerifiedService);

/** Has services verified, one at a time. */
export class VerifyControl {
  readonly #context: Context;
  readonly #end: () => void;
  #running: { readonly requestId: string; readonly controller: AbortController } | undefined;

  constructor(context: Context) {
    this.#context = context;
    this.#end = context.links.on('verify.progress', ({ requestId, progress }) => {
      const { verify } = context.store.getState();
      if (requestId !== this.#running?.requestId || verify.phase !== 'running') return;
      context.store.setState({ verify: { ...verify, progress } });
    });
  }

  /** Runs py-spy beside the agent; ends a run that goes on. */
  async start(of: VerifiedService): Promise<void> {
    const { store, links, newId, clock } = this.#context;
    this.#running?.controller.abort();
    const controller = new AbortController();
    const requestId = newId('verify');
    this.#running = { requestId, controller };
    store.setState({ verify: { phase: 'running', progress: null, ...of } });
    const answer = await links.call('agent.verify', { requestId, ...of }, controller.signal);
    if (controller.signal.aborted) return;
    this.#running = undefined;
    store.setState({
      verify: answer.ok
        ? { phase: 'done', verification: answer.value, atMs: clock(), ...of }
        : { phase: 'failed', failure: answer.failure, ...of },
    });
  }

  /** Ends the run; py-spy and its container go. */
  cancel(): void {
    this.#running?.controller.abort();
    this.#running = undefined;
    this.#context.store.setState({ verify: { phase: 'idle' } });
  }

  dispose(): void {
    this.#end();
    this.#running?.controller.abort();
  }
}
