import type { MessagePortMain } from 'electron';
import type { Port } from '../contract/rpc.js';

/** A port of this process as the contract's calls want it. Messages wait until somebody listens. */
export function portOf(port: MessagePortMain): Port {
  return {
    postMessage: (message) => {
      port.postMessage(message);
    },
    onMessage: (listener) => {
      port.on('message', (event) => {
        listener(event.data);
      });
      port.start();
    },
    onClose: (listener) => {
      port.on('close', listener);
    },
    close: () => {
      port.close();
    },
  };
}
