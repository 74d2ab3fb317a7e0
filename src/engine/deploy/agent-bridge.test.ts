import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LocalLink } from '../link/local-link.js';
import { value } from '../link/testing/results.js';
import { agentBridge } from './agent-bridge.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pyrometer-bridge it's "));
  await mkdir(join(folder, 'opt', 'sum'), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));

async function agent(path: string, says: string): Promise<string> {
  await writeFile(join(folder, path), `#!/bin/sh\n[ "$1" = version ] || echo "${says} $1"\n`, { mode: 0o755 });
  return join(folder, path);
}

it('speaks by the agent that was sent, by root’s where that may not be run, or not at all', async () => {
  const link = new LocalLink();
  const bridge = async (): Promise<string> => {
    const ran = value(await link.exec(agentBridge(join(folder, 'agent'), join(folder, 'opt'))));
    return ran.code === 0 ? ran.stdout : `exit ${String(ran.code)}`;
  };
  expect(await bridge()).toBe('exit 126');
  const sent = await agent('agent', 'sent');
  await agent('opt/sum/pyrometer-agent', 'root’s');
  expect(await bridge()).toBe('sent bridge\n');
  // As on a file system that is mounted noexec.
  await chmod(sent, 0o644);
  expect(await bridge()).toBe('root’s bridge\n');
});
