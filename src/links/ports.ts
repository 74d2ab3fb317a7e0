import type { MessagePortMain } from 'electron';
import type { Port } from '../contract/rpc.js';

/** A port that the main process handed over, as the contract's calls want it. */
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
