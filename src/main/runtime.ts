import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { app } from 'electron';
import * as v from 'valibot';
import type { About } from '../contract/shell.js';

const Marker = v.object({ source: v.string() });

/** Where this Electron comes from: set-up leaves a note beside the runtime when it is not the official package's. */
function runtimeSource(): string {
  try {
    const text = readFileSync(join(dirname(process.execPath), 'pyrometer-runtime.json'), 'utf8');
    return v.parse(Marker, JSON.parse(text)).source;
  } catch {
    // No note: nobody put another runtime there.
    return 'official';
  }
}

/** What runs this app. */
export function about(): About {
  return {
    version: app.getVersion(),
    electron: process.versions.electron,
    chromium: process.versions.chrome,
    node: process.versions.node,
    runtimeSource: runtimeSource(),
    sandboxed: !app.commandLine.hasSwitch('no-sandbox'),
    platform: `${process.platform} ${process.arch}`,
  };
}
