import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { endOfLog } from './support/daemon';

/** An X server without a screen. */
export interface Display {
  readonly pid: number;
  /** The value of DISPLAY: ":3". */
  readonly name: string;
  dispose(): Promise<void>;
}

/** Starts Xvfb on a display number that it finds free by itself. Not reachable by TCP. */
export async function startDisplay(worldPath: string, size = '1680x1050x24'): Promise<Display> {
  const logFile = join(worldPath, 'logs', 'xvfb.log');
  const log = openSync(logFile, 'a');
  const child = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', size, '-nolisten', 'tcp', '-noreset', '-dpi', '96'], {
    stdio: ['ignore', log, log, 'pipe'],
  });
  closeSync(log);
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  const number = await new Promise<string>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'ENOENT' ? new Error('There is no Xvfb: install the packages xvfb and xauth.') : error);
    });
    void gone.then(() => {
      reject(new Error(`Xvfb ended before it was ready\n${endOfLog(logFile)}`));
    });
    (child.stdio[3] as Readable).once('data', (chunk: Buffer) => {
      resolve(chunk.toString('latin1').trim());
    });
  });
  return {
    pid: child.pid ?? 0,
    name: `:${number}`,
    dispose: async () => {
      child.kill('SIGTERM');
      await gone;
    },
  };
}
