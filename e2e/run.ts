import { join } from 'node:path';
import { visitWorld, whyNoWorld } from './world/root/guardian';
import { repositoryFolder } from './world/support/places';
import { prepareWorld } from './world/world';

/** Apart from vitest's own codes. */
const uncleanCode = 3;

/**
 * Runs tests in a new world, with vitest's arguments ("e2e/world/sshd", "-t", "name"): those of the project `world`, or of
 * the one that the arguments name.
 * Resolves with the exit code: vitest's own, or `uncleanCode` when the machine's /etc was changed meanwhile or a process was left,
 * which no second run may hide.
 */
export async function runInWorld(args: readonly string[]): Promise<number> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const reason = whyNoWorld();
  if (reason !== undefined) {
    say(`end-to-end tests cannot run: ${reason}`);
    return 1;
  }
  await prepareWorld(say);
  const vitest = join(repositoryFolder, 'node_modules/vitest/vitest.mjs');
  const config = join(repositoryFolder, 'e2e/vitest.config.ts');
  const project = args.includes('--project') ? [] : ['--project', 'world'];
  const visit = await visitWorld([process.execPath, vitest, 'run', '--config', config, ...project, ...args], { say });
  const clean = visit.changedEtc.length === 0 && visit.leftProcesses.length === 0;
  return clean ? visit.exitCode : uncleanCode;
}
