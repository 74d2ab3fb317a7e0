import type { CallMap, EventMap, ParamsOf, ValueOf } from '../../contract/calls.js';
import type { Result } from '../../contract/result.js';
import { connect, type Client, type Port } from '../../contract/rpc.js';

/** A DOM MessagePort as the contract's port. */
export function domPort(port: MessagePort): Port {
  return {
    postMessage: (message) => {
      port.postMessage(message);
    },
    onMessage: (listener) => {
      port.addEventListener('message', (event: MessageEvent<unknown>) => {
        listener(event.data);
      });
      port.start();
    },
    onClose: (listener) => {
      port.addEventListener('close', listener);
    },
    close: () => {
      port.close();
    },
  };
}

/**
 * A client of one utility process that outlives the process: a port that arrives later replaces the one before, calls
 * that are made without a port wait for the first, and subscriptions go over to each new port.
 */
export interface ProcessClient<Map extends CallMap, Events extends EventMap> {
  /** Asks once. A restart meanwhile is answered as code "process-restarted". */
  call<Name extends keyof Map & string>(
    name: Name,
    params: ParamsOf<Map, Name>,
    signal?: AbortSignal,
  ): Promise<Result<ValueOf<Map, Name>>>;
  /** Asks, and asks the restarted process again (three times at most). For calls that only read. */
  query<Name extends keyof Map & string>(
    name: Name,
    params: ParamsOf<Map, Name>,
    signal?: AbortSignal,
  ): Promise<Result<ValueOf<Map, Name>>>;
  on<Name extends keyof Events & string>(name: Name, listener: (payload: Events[Name]) => void): () => void;
  /** Called with each new port; `restarted` is false the first time. */
  onReady(listener: (restarted: boolean) => void): () => void;
  /** Takes a port; the client before it is disposed. */
  attach(port: Port): void;
  dispose(): void;
}

/** Makes a client that waits for its first port. */
export function createProcessClient<Map extends CallMap, Events extends EventMap>(): ProcessClient<Map, Events> {
  let current: Client<Map, Events> | undefined;
  let attached = 0;
  let waiting: (() => void)[] = [];
  const subscriptions = new Set<(client: Client<Map, Events>) => void>();
  const readyListeners = new Set<(restarted: boolean) => void>();

  const client = async (newerThan: number): Promise<Client<Map, Events>> => {
    while (current === undefined || attached <= newerThan) {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
    }
    return current;
  };

  const self: ProcessClient<Map, Events> = {
    call: async (name, params, signal) => (await client(0)).call(name, params, signal),
    query: async (name, params, signal) => {
      let asked = 0;
      for (let attempt = 1; ; attempt++) {
        const port = await client(asked);
        asked = attached;
        const result = await port.call(name, params, signal);
        const again = !result.ok && result.failure.code === 'process-restarted' && attempt < 3;
        if (!again || signal?.aborted === true) return result;
      }
    },
    on: (name, listener) => {
      let end = current?.on(name, listener);
      const subscribe = (next: Client<Map, Events>): void => {
        end = next.on(name, listener);
      };
      subscriptions.add(subscribe);
      return () => {
        subscriptions.delete(subscribe);
        end?.();
      };
    },
    onReady: (listener) => {
      readyListeners.add(listener);
      return () => {
        readyListeners.delete(listener);
      };
    },
    attach: (port) => {
      const before = current;
      const next = connect<Map, Events>(port);
      current = next;
      attached += 1;
      for (const subscribe of subscriptions) subscribe(next);
      before?.dispose();
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake();
      for (const listener of readyListeners) listener(attached > 1);
    },
    dispose: () => {
      current?.dispose();
    },
  };
  return self;
}
