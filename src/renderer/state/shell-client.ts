import type { ParamsOf, ValueOf } from '../../contract/calls.js';
import { fail, type Result } from '../../contract/result.js';
import type { ShellApi, ShellCalls, ShellEvents } from '../../contract/shell.js';

/** The main process, typed by the contract. */
export interface ShellClient {
  readonly platform: string;
  call<Name extends keyof ShellCalls>(
    name: Name,
    params: ParamsOf<ShellCalls, Name>,
  ): Promise<Result<ValueOf<ShellCalls, Name>>>;
  on<Name extends keyof ShellEvents & string>(name: Name, listener: (payload: ShellEvents[Name]) => void): () => void;
  openDropped(files: readonly File[]): void;
  requestPorts(): void;
}

/** Wraps what the preload script exposes. */
export function createShellClient(api: ShellApi): ShellClient {
  return {
    platform: api.platform,
    call: async (name, params) => {
      try {
        // The main process is code of ours that was built with the contract; its answers are typed by the map.
        return (await api.call(name, params)) as Result<ValueOf<ShellCalls, typeof name>>;
      } catch (error) {
        return fail('internal', 'The main process did not answer. Try again.', String(error));
      }
    },
    on: (name, listener) =>
      api.onEvent((eventName, payload) => {
        // As above: the map types what the main process sends.
        if (eventName === name) listener(payload);
      }),
    openDropped: (files) => {
      api.openDropped(files);
    },
    requestPorts: () => {
      api.requestPorts();
    },
  };
}
