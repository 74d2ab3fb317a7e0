import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** Go's parser in a process of its own, over one file. */
export interface GoPeer {
  /** Parses once and gives the milliseconds that Go itself measured: starting the process and reading the file are left out. */
  readonly parse: () => Promise<number>;
  readonly dispose: () => Promise<void>;
}

/** Builds `go-pprof` and starts it over a file; undefined where there is no Go or its module cannot be had. */
export async function startGoPeer(file: Uint8Array): Promise<GoPeer | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'pyrometer-bench-'));
  const program = join(folder, 'goparse');
  try {
    await promisify(execFile)('go', ['build', '-o', program, '.'], { cwd: join(import.meta.dirname, 'go-pprof') });
  } catch {
    await rm(folder, { recursive: true });
    return undefined;
  }
  const path = join(folder, 'profile.pb.gz');
  await writeFile(path, file);
  const child = spawn(program, [path], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    parse: async () => {
      child.stdin.write('\n');
      const line = await lines.next();
      if (line.done === true) throw new Error('the peer in Go ended');
      return Number(line.value);
    },
    dispose: async () => {
      child.stdin.end();
      await rm(folder, { recursive: true });
    },
  };
}
