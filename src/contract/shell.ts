import * as v from 'valibot';
import { call } from './calls.js';
import { PathPrefix, type CodeFolder } from './code.js';
import { ShareFormat, ViewSource } from './decoder.js';
import type { SpooledProfile } from './links.js';
import { Id } from './selection.js';
import { Settings } from './settings.js';
import { port } from './tunnels.js';
import type { WatchState } from './watching.js';

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

/** A file that was opened before. */
export interface RecentFile {
  readonly id: string;
  readonly name: string;
  readonly folder: string;
  readonly openedAtMs: number;
}

/** Recordings that come with the app, for its guide: a shop, and the same after a change that made it slower. */
export const Recording = v.picklist(['shop', 'shop-slower']);
export type Recording = v.InferOutput<typeof Recording>;

/** Calls of the window to the main process, over ipcRenderer.invoke. */
export const shellCalls = {
  'app.about': call(v.object({}))<About>(),
  /** Shows the dialog and imports what was chosen; empty when cancelled. */
  'files.open': call(v.object({}))<readonly SpooledProfile[]>(),
  /** Shows the dialog for a folder in which paths that begin with a prefix lie on this computer; null when cancelled. */
  'code.chooseFolder': call(v.object({ prefix: PathPrefix }))<readonly CodeFolder[] | null>(),
  /** The last one first. */
  'recent.list': call(v.object({}))<readonly RecentFile[]>(),
  /** Imports a file of the list; empty when it cannot be read, which is told as for other files. */
  'recent.open': call(v.object({ id: Id }))<readonly SpooledProfile[]>(),
  'recent.clear': call(v.object({}))<null>(),
  /** Imports a recording that comes with the app. */
  'learn.open': call(v.object({ recording: Recording }))<SpooledProfile>(),
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
  /** What is known of the watched rules of the settings. */
  'watches.list': call(v.object({}))<readonly WatchState[]>(),
  /** Opens a tunnel in the user's browser: a port of this computer's loopback, and nothing else. */
  'tunnel.browse': call(v.object({ port }))<null>(),
  'clipboard.write': call(v.object({ text: v.pipe(v.string(), v.maxLength(10_000_000)) }))<null>(),
} as const;
export type ShellCalls = typeof shellCalls;

/** Events of the main process to the window. */
export interface ShellEvents extends Record<string, unknown> {
  /** Another window chose something. */
  'settings.changed': { readonly settings: Settings };
  /** There was a look at what is watched, or other rules. */
  'watches.changed': { readonly states: readonly WatchState[] };
  /** A notification was clicked: the window shows what it told of. */
  'watch.show': { readonly ruleId: string };
  /** A file was opened in any window, or the list was emptied. */
  'recent.changed': { readonly files: readonly RecentFile[] };
  /** Files given as arguments, by a second start, or dropped and imported. */
  'files.opened': { readonly profiles: readonly SpooledProfile[] };
  /** A link of ours was given as an argument, by a second start, or by the operating system; not checked. */
  'link.opened': { readonly link: string };
  /** A file could not be opened. */
  'files.failed': { readonly name: string; readonly message: string };
  /** A menu item that the window carries out. */
  command: {
    readonly command:
      'open' | 'save-snapshot' | 'share' | 'add-server' | 'find' | 'zoom-reset' | 'toggle-theme' | 'learn';
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
