/**
 * Lets memory be taken from its views as Electron's V8 can, where the Node that runs tests cannot: what still reads it then finds
 * it empty. Returns what makes it as before.
 */
export function canTakeMemory(): () => void {
  if ('transfer' in ArrayBuffer.prototype) return () => undefined;
  Object.defineProperty(ArrayBuffer.prototype, 'transfer', {
    configurable: true,
    value: function (this: ArrayBuffer): ArrayBuffer {
      return structuredClone(this, { transfer: [this] });
    },
  });
  return () => {
    Reflect.deleteProperty(ArrayBuffer.prototype, 'transfer');
  };
}
