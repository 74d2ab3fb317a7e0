import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Port } from '../../../contract/rpc.js';

/** Two connected ports with real structured clone between them. */
export function portPair(): readonly [Port, Port] {
  const { port1, port2 } = new MessageChannel();
  return [portOf(port1), portOf(port2)];
}

function portOf(port: MessagePort): Port {
  return {
    postMessage: (message) => {
      port.postMessage(message);
    },
    onMessage: (listener) => {
      port.on('message', listener);
    },
    onClose: (listener) => {
      port.on('close', listener);
    },
    close: () => {
      port.close();
    },
  };
}
