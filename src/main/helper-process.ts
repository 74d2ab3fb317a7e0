import { join } from 'node:path';
import { MessageChannelMain, utilityProcess, type MessagePortMain, type UtilityProcess } from 'electron';
import type { CallMap, EventMap } from '../contract/calls.js';
import { connect, type Client } from '../contract/rpc.js';
import { portOf } from '../contract/message-port.js';

/** A process that dies this often within the span is not started again by itself. */
const restartLimit = 5;
const restartSpanMs = 60_000;

/** What a utility process is told first. */
export type StartMessage = Readonly<Record<string, unknown>> & { readonly type: 'start' };

/**
 * One of the two utility processes, kept alive: when it ends by itself it is started again and every window gets a new
 * port. Calls that were open are answered "process-restarted" by the port's closing.
 */
export class HelperProcess<ShellMap extends CallMap, Events extends EventMap = EventMap> {
  readonly #name: 'links' | 'decoder';
  readonly #start: StartMessage;
  readonly #onRestart: () => void;
  readonly #onGivenUp: (name: string) => void;
  readonly #deaths: number[] = [];
  #child: UtilityProcess | undefined;
  #shell: Client<ShellMap, Events> | undefined;
  #disposed = false;

  constructor(
    name: 'links' | 'decoder',
    start: StartMessage,
    onRestart: () => void,
    onGivenUp: (name: string) => void,
  ) {
    this.#name = name;
    this.#start = start;
    this.#onRestart = onRestart;
    this.#onGivenUp = onGivenUp;
    this.#fork();
  }

  /** Calls that the main process makes itself. */
  get shell(): Client<ShellMap, Events> {
    if (this.#shell === undefined) throw new Error(`${this.#name} was asked before its start`);
    return this.#shell;
  }

  /** A new port for a window; the other end is the process's. */
  openPort(windowId: string): MessagePortMain {
    const { port1, port2 } = new MessageChannelMain();
    this.#child?.postMessage({ type: 'port', role: 'window', windowId }, [port1]);
    return port2;
  }

  /** Ends the process; it is not started again. */
  dispose(): void {
    this.#disposed = true;
    this.#shell?.dispose();
    this.#child?.kill();
  }

  #fork(): void {
    const child = utilityProcess.fork(join(import.meta.dirname, `${this.#name}.js`), [], {
      serviceName: `pyrometer-${this.#name}`,
      stdio: 'inherit',
    });
    const { port1, port2 } = new MessageChannelMain();
    child.postMessage(this.#start);
    child.postMessage({ type: 'port', role: 'shell' }, [port1]);
    this.#child = child;
    this.#shell = connect<ShellMap, Events>(portOf(port2));
    child.once('exit', () => {
      this.#shell?.dispose();
      if (this.#disposed) return;
      const now = Date.now();
      this.#deaths.push(now);
      if (this.#deaths.filter((time) => now - time < restartSpanMs).length > restartLimit) {
        this.#onGivenUp(this.#name);
        return;
      }
      this.#fork();
      this.#onRestart();
    });
  }
}
