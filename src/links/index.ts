import { join } from 'node:path';
import type { MessagePortMain } from 'electron';
import * as v from 'valibot';
import { linksCalls, linksShellCalls, WindowId, type LinksEvents, type LinksShellEvents } from '../contract/links.js';
import { serve, type Server } from '../contract/rpc.js';
import { CodeFolders } from '../engine/code/code-folders.js';
import { TargetsStore } from '../engine/link/targets-store.js';
import { RenamesFile } from '../engine/renames/renames-file.js';
import { SnapshotLibrary } from '../engine/snapshots/library.js';
import { linksHandlers, linksShellHandlers, type Parts } from './handlers.js';
import { portOf } from '../contract/message-port.js';
import { Prompts, type Emit } from './prompts.js';
import { Resume } from './resume.js';
import { Spool } from './spool.js';
import { Targets } from './targets.js';

/** The first message of the main process. */
const Start = v.object({
  type: v.literal('start'),
  dataDir: v.string(),
  spoolDir: v.string(),
  resourcesDir: v.string(),
});
const NewPort = v.variant('role', [
  v.object({ type: v.literal('port'), role: v.literal('window'), windowId: WindowId }),
  v.object({ type: v.literal('port'), role: v.literal('shell') }),
]);

const windows = new Set<Server<LinksEvents>>();
const shells = new Set<Server<LinksShellEvents>>();
const emit: Emit = (name, payload) => {
  for (const server of windows) server.emit(name, payload);
};
const prompts = new Prompts(emit);
const onBug = (error: unknown, callName: string): void => {
  console.error(`links: ${callName}:`, error);
};

async function start(options: v.InferOutput<typeof Start>): Promise<Parts> {
  const { dataDir, spoolDir, resourcesDir } = options;
  const store = await TargetsStore.open(join(dataDir, 'targets.json'), (movedTo) => {
    console.error(`links: the saved targets were damaged; they were moved to ${movedTo}`);
  });
  if (!store.ok) throw new Error(store.failure.message);
  const targets = new Targets({
    store: store.value,
    prompts,
    emit,
    onWindow: (stored) => {
      emit('window.stored', stored);
      for (const shell of shells) shell.emit('window.stored', stored);
    },
    resume: new Resume(join(dataDir, 'links-resume.json'), spoolDir),
    dataDir,
    resourcesDir,
    localTarget: process.platform === 'linux' || process.platform === 'darwin',
  });
  void targets.begin(); // shown by the targets' states
  return {
    targets,
    prompts,
    spool: new Spool(spoolDir),
    library: new SnapshotLibrary(join(dataDir, 'library')),
    renames: new RenamesFile(join(dataDir, 'renames.json')),
    codeFolders: new CodeFolders(join(dataDir, 'code-folders.json')),
    emit,
  };
}

function addPort(added: v.InferOutput<typeof NewPort>, port: MessagePortMain, parts: Parts): void {
  if (added.role === 'shell') {
    const shell = serve<typeof linksShellCalls, LinksShellEvents>(
      portOf(port),
      linksShellCalls,
      linksShellHandlers(parts),
      onBug,
    );
    shells.add(shell);
    port.on('close', () => shells.delete(shell));
    return;
  }
  const server = serve<typeof linksCalls, LinksEvents>(
    portOf(port),
    linksCalls,
    linksHandlers(parts, added.windowId),
    onBug,
  );
  windows.add(server);
  port.on('close', () => windows.delete(server));
  for (const prompt of prompts.list()) server.emit('prompt.opened', { prompt });
}

let starting: Promise<Parts> | undefined;
process.parentPort.on('message', ({ data, ports }: Electron.MessageEvent) => {
  const first = v.safeParse(Start, data);
  if (first.success) {
    starting ??= start(first.output);
    return;
  }
  const added = v.safeParse(NewPort, data);
  const [port] = ports;
  if (!added.success || port === undefined || starting === undefined) return;
  // A process that cannot start ends; the main process says so.
  starting.then(
    (parts) => {
      addPort(added.output, port, parts);
    },
    (error: unknown) => {
      console.error('links:', error);
      process.exit(1);
    },
  );
});
