import type { Port } from '../../contract/rpc.js';

/** Two ends of a channel in this process. A message crosses as a structured clone; closing either end closes both. */
export function portPair(): readonly [Port, Port] {
  const listeners: ((message: unknown) => void)[] = [];
  const closers: (() => void)[] = [];
  let open = true;
  const end = (self: 0 | 1): Port => ({
    postMessage: (message) => {
      const copy: unknown = structuredClone(message);
      queueMicrotask(() => {
        if (open) listeners[1 - self]?.(copy);
      });
    },
    onMessage: (listener) => {
      listeners[self] = listener;
    },
    onClose: (listener) => {
      closers.push(listener);
    },
    close: () => {
      if (!open) return;
      open = false;
      for (const closer of closers) closer();
    },
  });
  return [end(0), end(1)];
}
