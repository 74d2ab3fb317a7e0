import { EventEmitter } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { expect, it } from 'vitest';
import type { LinksCalls, LinksEvents, LinksShellCalls } from '../contract/links.js';
import { connect, type Port } from '../contract/rpc.js';

/** A port as Electron's main process hands it over: messages come as events with `data`. */
class HandedPort extends EventEmitter {
  private readonly port: MessagePort;

  constructor(port: MessagePort) {
    super();
    this.port = port;
    port.on('close', () => this.emit('close'));
  }

  postMessage(message: unknown): void {
    this.port.postMessage(message);
  }

  start(): void {
    this.port.on('message', (data: unknown) => this.emit('message', { data }));
  }

  close(): void {
    this.port.close();
  }
}

function portOf(port: MessagePort): Port {
  return {
    postMessage: (message) => {
      port.postMessage(message);
    },
    onMessage: (listener) => port.on('message', listener),
    onClose: (listener) => port.on('close', listener),
    close: () => {
      port.close();
    },
  };
}

it('serves windows and the main process once it was told to start', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pyrometer-process-'));
  const parentPort = new EventEmitter();
  Object.defineProperty(process, 'parentPort', { value: parentPort, configurable: true });
  const open = (role: string): MessagePort => {
    const { port1, port2 } = new MessageChannel();
    const data = { type: 'port', role, ...(role === 'window' ? { windowId: 'w1' } : {}) };
    parentPort.emit('message', { data, ports: [new HandedPort(port1)] });
    return port2;
  };
  await import('./index.js');
  parentPort.emit('message', { data: { type: 'strange' }, ports: [] });
  const start = { type: 'start', dataDir: folder, spoolDir: join(folder, 'spool'), resourcesDir: folder };
  parentPort.emit('message', { data: start, ports: [] });
  const window = connect<LinksCalls, LinksEvents>(portOf(open('window')));
  const shell = connect<LinksShellCalls, Record<string, never>>(portOf(open('shell')));
  const listed = await window.call('targets.list', {});
  if (process.platform === 'linux') expect(listed).toMatchObject({ ok: true, value: [{ config: { id: 'local' } }] });
  expect(await shell.call('profile.import', { windowId: 'w1', path: '/none' })).toMatchObject({
    failure: { code: 'not-found' },
  });
  // A window has no paths to give.
  const asShell = connect<LinksShellCalls, Record<string, never>>(portOf(open('window')));
  expect(await asShell.call('profile.import', { windowId: 'w1', path: '/none' })).toMatchObject({
    failure: { code: 'invalid-input' },
  });
  // Looking at this computer ends before its folder goes.
  await expect
    .poll(
      async () => {
        const now = await window.call('targets.list', {});
        return now.ok ? now.value[0]?.agent.state : '';
      },
      { timeout: 20_000 },
    )
    .not.toBe('unknown');
  for (const client of [window, shell, asShell]) client.dispose();
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}, 30_000);
