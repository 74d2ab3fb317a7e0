import * as v from 'valibot';
import { call } from './calls.js';
import { ShareFormat, ViewSource } from './decoder.js';
import type { SpooledProfile } from './links.js';
import { Id } from './selection.js';
import { Settings } from './settings.js';
import { port } from './tunnels.js';

/** What runs this app. */
export interface About {
  readonly version: string;
  readonly electron: string;
  readonly chromium: string;
  readonly node: string;
  /** "official", or where else the runtime comes from and why. */
  readonly runtimeSource: string;
  readonly sandboxed: boolean;
  readonly platform: string;
}

/** Calls of the window to the main process, over ipcRenderer.invoke. */
export const shellCalls = {
  'app.about': call(v.object({}))<About>(),
  /** Shows the dialog and imports what was chosen; empty when cancelled. */
  'files.open': call(v.object({}))<readonly SpooledProfile[]>(),
  /** Asks where, writes, and answers the path; null when cancelled. */
  'share.save': call(
    v.object({
      format: ShareFormat,
      title: v.pipe(v.string(), v.maxLength(1024)),
      suggestedName: v.pipe(v.string(), v.maxLength(200)),
      source: ViewSource,
    }),
  )<{ readonly path: string; readonly byteLength: number } | null>(),
  'share.reveal': call(v.object({ path: v.pipe(v.string(), v.maxLength(4096)) }))<null>(),
  /**
   * What the window wants back after it was reloaded or its renderer died: JSON of at most 256 KiB, and the profiles that
   * it comes back to; the window's other profiles are let go then.
   */
  'session.save': call(
    v.object({ state: v.pipe(v.string(), v.maxLength(262_144)), profileIds: v.pipe(v.array(Id), v.maxLength(1024)) }),
  )<null>(),
  'session.load': call(v.object({}))<string | null>(),
  'settings.load': call(v.object({}))<Settings>(),
  /** Keeps settings; the other windows are told. */
  'settings.save': call(v.object({ settings: Settings }))<null>(),
  /** Opens a tunnel in the user's browser: a port of this computer's loopback, and nothing else. */
  'tunnel.browse': call(v.object({ port }))<null>(),
  'clipboard.write': call(v.object({ text: v.pipe(v.string(), v.maxLength(10_000_000)) }))<null>(),
} as const;
export type ShellCalls = typeof shellCalls;

/** Events of the main process to the window. */
export interface ShellEvents extends Record<string, unknown> {
  /** Another window chose something. */
  'settings.changed': { readonly settings: Settings };
  /** Files given as arguments, by a second start, or dropped and imported. */
  'files.opened': { readonly profiles: readonly SpooledProfile[] };
  /** A file could not be opened. */
  'files.failed': { readonly name: string; readonly message: string };
  /** A menu item that the window carries out. */
  command: {
    readonly command: 'open' | 'save-snapshot' | 'share' | 'add-server' | 'find' | 'zoom-reset' | 'toggle-theme';
  };
}

/**
 * What the preload script puts on `window.pyrometer`. Ports to links and decoder come as window messages
 * `{ type: 'pyrometer-port', process: 'links' | 'decoder' }` with the port, again after such a process was restarted;
 * the renderer asks for them with `requestPorts` once it listens.
 */
export interface ShellApi {
  readonly platform: string;
  /** Answers a Result; the parameters are checked by the main process. */
  readonly call: (name: keyof ShellCalls, params: unknown) => Promise<unknown>;
  readonly onEvent: (listener: (name: string, payload: unknown) => void) => () => void;
  readonly requestPorts: () => void;
  /** Imports dropped files; the path of a File is known to the preload script only. */
  readonly openDropped: (files: readonly File[]) => void;
}

/** The window message with which a port arrives. */
export interface PortMessage {
  readonly type: 'pyrometer-port';
  readonly process: 'links' | 'decoder';
}
