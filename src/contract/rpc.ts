import * as v from 'valibot';
import type { CallMap, EventMap, ParamsOf, ValueOf } from './calls.js';
import { fail, type Failure, type Result } from './result.js';

/** One end of a message channel: MessagePort, MessagePortMain or a test's pair. */
export interface Port {
  postMessage(message: unknown): void;
  /** Called once, before the first message. */
  onMessage(listener: (message: unknown) => void): void;
  onClose(listener: () => void): void;
  close(): void;
}

const Request = v.object({ kind: v.literal('call'), id: v.number(), name: v.string(), params: v.unknown() });
const Cancel = v.object({ kind: v.literal('cancel'), id: v.number() });
const Incoming = v.variant('kind', [Request, Cancel]);

type Outgoing =
  | { readonly kind: 'answer'; readonly id: number; readonly result: Result<unknown> }
  | { readonly kind: 'event'; readonly name: string; readonly payload: unknown };

/** Of a million wrong elements all would be told, in as many lines. */
export const firstIssue = { abortEarly: true } as const;

/** What serves a map of calls. Each handler gets checked parameters and a signal that the caller gave up. */
export type Handlers<Map extends CallMap> = {
  readonly [Name in keyof Map]: (
    params: ParamsOf<Map, Name>,
    signal: AbortSignal,
  ) => Promise<Result<ValueOf<Map, Name>>> | Result<ValueOf<Map, Name>>;
};

/** The serving end: sends events, and ends with its port. */
export interface Server<Events extends EventMap> {
  emit<Name extends keyof Events & string>(name: Name, payload: Events[Name]): void;
  dispose(): void;
}

/**
 * Serves calls on a port. Messages that are no calls, unknown names and bad parameters are answered or dropped, never
 * thrown; an exception of a handler is a bug and is answered as code "internal" and handed to `onBug`.
 */
export function serve<Map extends CallMap, Events extends EventMap>(
  port: Port,
  map: Map,
  handlers: Handlers<Map>,
  onBug: (error: unknown, callName: string) => void,
): Server<Events> {
  const running = new globalThis.Map<number, AbortController>();
  const send = (message: Outgoing): void => {
    port.postMessage(message);
  };
  const answer = async (request: v.InferOutput<typeof Request>): Promise<void> => {
    const { id, name } = request;
    if (!Object.hasOwn(map, name)) {
      send({ kind: 'answer', id, result: fail('invalid-input', `There is no call "${name}".`) });
      return;
    }
    const spec = map[name];
    const handler = handlers[name];
    if (spec === undefined || handler === undefined) return;
    const params = v.safeParse(spec.params, request.params, firstIssue);
    if (!params.success) {
      send({
        kind: 'answer',
        id,
        result: fail('invalid-input', `The call "${name}" was not understood.`, v.summarize(params.issues)),
      });
      return;
    }
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const given = handler(params.output, controller.signal);
      // What is answered at once goes out at once: an event in between would be newer than the answer that follows it.
      send({ kind: 'answer', id, result: given instanceof Promise ? await given : given });
    } catch (error) {
      onBug(error, name);
      send({ kind: 'answer', id, result: fail('internal', 'Something went wrong inside Pyrometer.', String(error)) });
    } finally {
      running.delete(id);
    }
  };
  port.onMessage((message) => {
    const incoming = v.safeParse(Incoming, message);
    if (!incoming.success) return;
    if (incoming.output.kind === 'cancel') running.get(incoming.output.id)?.abort();
    // A call under the id of one that runs would take its place, which nothing could end then.
    else if (!running.has(incoming.output.id)) void answer(incoming.output); // answers and reports its own failures
  });
  port.onClose(() => {
    for (const controller of running.values()) controller.abort();
  });
  return {
    emit: (name, payload) => {
      send({ kind: 'event', name, payload });
    },
    dispose: () => {
      for (const controller of running.values()) controller.abort();
      port.close();
    },
  };
}

/** The asking end. */
export interface Client<Map extends CallMap, Events extends EventMap> {
  call<Name extends keyof Map & string>(
    name: Name,
    params: ParamsOf<Map, Name>,
    signal?: AbortSignal,
  ): Promise<Result<ValueOf<Map, Name>>>;
  /** Returns what ends the subscription. */
  on<Name extends keyof Events & string>(name: Name, listener: (payload: Events[Name]) => void): () => void;
  /** Answers every open call with code "process-restarted" and closes the port. */
  dispose(): void;
}

/** Asks over a port. Calls that are open when the port closes are answered with code "process-restarted". */
export function connect<Map extends CallMap, Events extends EventMap>(port: Port): Client<Map, Events> {
  let nextId = 1;
  let closed = false;
  const open = new globalThis.Map<number, (result: Result<unknown>) => void>();
  const listeners = new globalThis.Map<string, Set<(payload: unknown) => void>>();
  const lost: Failure = {
    code: 'process-restarted',
    message: 'A part of Pyrometer was restarted; the call is repeated.',
  };
  const close = (): void => {
    closed = true;
    for (const settle of open.values()) settle({ ok: false, failure: lost });
    open.clear();
  };
  port.onMessage((message) => {
    // The other end is code of ours that was built with this file; its answers are typed by the map.
    const incoming = message as Outgoing;
    if (incoming.kind === 'answer') {
      open.get(incoming.id)?.(incoming.result);
      open.delete(incoming.id);
    } else {
      for (const listener of listeners.get(incoming.name) ?? []) listener(incoming.payload);
    }
  });
  port.onClose(close);
  return {
    call: (name, params, signal) =>
      new Promise((resolve) => {
        if (closed) {
          resolve({ ok: false, failure: lost });
          return;
        }
        if (signal?.aborted === true) {
          resolve(fail('cancelled', 'Cancelled.'));
          return;
        }
        const id = nextId++;
        const onAbort = (): void => {
          if (!open.delete(id)) return;
          port.postMessage({ kind: 'cancel', id });
          resolve(fail('cancelled', 'Cancelled.'));
        };
        open.set(id, (result) => {
          // A signal may outlive many calls.
          signal?.removeEventListener('abort', onAbort);
          (resolve as (result: Result<unknown>) => void)(result);
        });
        signal?.addEventListener('abort', onAbort, { once: true });
        port.postMessage({ kind: 'call', id, name, params });
      }),
    on: (name, listener) => {
      const set = listeners.get(name) ?? new Set();
      listeners.set(name, set);
      const entry = listener as (payload: unknown) => void;
      set.add(entry);
      return () => set.delete(entry);
    },
    dispose: () => {
      close();
      port.close();
    },
  };
}
