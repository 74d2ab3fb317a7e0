import * as v from 'valibot';
import type { Context } from './context.js';
import { domPort } from './process-client.js';

const PortArrival = v.object({ type: v.literal('pyrometer-port'), process: v.picklist(['links', 'decoder']) });

/** Takes the ports to links and decoder as they come, also those of restarted processes. Returns what ends it. */
export function receivePorts(context: Context, target: Window): () => void {
  const onMessage = (event: MessageEvent<unknown>): void => {
    // Only this window (its preload script) hands ports over; a message of any other origin is not for us.
    if (event.source !== target) return;
    const arrival = v.safeParse(PortArrival, event.data);
    const port = event.ports[0];
    if (!arrival.success || port === undefined) return;
    context[arrival.output.process].attach(domPort(port));
  };
  target.addEventListener('message', onMessage);
  context.shell.requestPorts();
  return () => {
    target.removeEventListener('message', onMessage);
  };
}
