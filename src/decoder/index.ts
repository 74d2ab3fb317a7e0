import * as v from 'valibot';
import { loadDecoder } from '../engine/profiles/native.js';
import { serveShell, serveWindow } from '../engine/profiles/serve.js';
import { ProfileStore } from '../engine/profiles/store.js';
import { portOf } from '../contract/message-port.js';

/** Columns that are kept of profiles that are open; beyond it the oldest are decoded again when they are asked for. */
const memoryBudget = 1024 * 1024 * 1024;

/** What the main process says: first where profiles lie, then a port for each window and one for itself. */
const Message = v.variant('type', [
  v.object({ type: v.literal('start'), spoolDir: v.string(), addonDir: v.optional(v.string()) }),
  v.object({ type: v.literal('port'), role: v.picklist(['window', 'shell']) }),
]);

const onBug = (error: unknown, callName: string): void => {
  console.error(`decoder: ${callName}:`, error);
};

let store: ProfileStore | undefined;
process.parentPort.on('message', (event) => {
  const message = v.safeParse(Message, event.data);
  if (!message.success) {
    onBug(v.summarize(message.issues), 'message of the main process');
    return;
  }
  if (message.output.type === 'start') {
    const { spoolDir, addonDir } = message.output;
    store = new ProfileStore({ spoolDir, decoder: loadDecoder(addonDir), memoryBudget });
    process.parentPort.postMessage({ type: 'ready', decoder: store.decoder.description });
    return;
  }
  const [port] = event.ports;
  if (store === undefined || port === undefined) {
    onBug('a port came before the start or was missing', message.output.role);
    return;
  }
  if (message.output.role === 'window') serveWindow(portOf(port), store, onBug);
  else serveShell(portOf(port), store, onBug);
});
