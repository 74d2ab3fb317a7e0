import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const source = resolve(import.meta.dirname, '../../../../remote-agent');

/** Why no agent can be built here; undefined when it can. Never a reason where CI must not skip. */
export async function agentMissing(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'the agent runs on Linux only';
  if (process.env['CI'] === 'true') return undefined;
  try {
    await run('go', ['version']);
    return undefined;
  } catch {
    return 'the agent cannot be built: Go is missing';
  }
}

/** Builds the agent for this machine into a folder; answers its path. */
export async function buildAgent(folder: string): Promise<string> {
  const program = join(folder, 'pyrometer-agent');
  await run('go', ['build', '-o', program, './cmd/pyrometer-agent'], { cwd: source });
  return program;
}
