import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'vite';
import type { Answer, Request } from './protocol.js';

const root = join(import.meta.dirname, '../..');

/** The worker in a utility process of Electron. One request at a time. */
export interface LinksProcess {
  ask(request: Request): Promise<number>;
  dispose(): void;
}

/** Builds the worker as the app's own links process is built, and starts it. */
export async function startLinksProcess(): Promise<LinksProcess> {
  const outDir = join(root, 'build/bench-link');
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    build: { ssr: join(import.meta.dirname, 'worker.ts'), outDir, emptyOutDir: true, target: 'node20' },
  });
  const runtime = join(root, 'node_modules/electron');
  const executable = join(runtime, 'dist', readFileSync(join(runtime, 'path.txt'), 'utf8').trim());
  const child = spawn(
    executable,
    [join(import.meta.dirname, 'electron'), '--headless', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
    { env: { ...process.env, PYROMETER_BENCH_WORKER: join(outDir, 'worker.js') }, stdio: ['pipe', 'pipe', 'ignore'] },
  );
  const waiting: ((answer: Answer) => void)[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('{')) waiting.shift()?.(JSON.parse(line) as Answer);
  });
  child.on('exit', (code) => {
    for (const settle of waiting.splice(0)) settle({ error: `Electron ended with code ${String(code)}` });
  });
  return {
    ask: async (request) => {
      const answer = await new Promise<Answer>((resolve) => {
        waiting.push(resolve);
        child.stdin.write(`${JSON.stringify(request)}\n`);
      });
      if ('error' in answer) throw new Error(answer.error);
      return answer.value;
    },
    dispose: () => {
      child.stdin.end();
    },
  };
}
