import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Result } from '../../contract/result.js';
import type { RunningCommand } from '../link/link.js';
import { LocalLink } from '../link/local-link.js';
import { silentPrompter } from '../link/prompter.js';
import { agentPossible, type TargetFacts } from './facts.js';
import { installedPath } from './install.js';
import { findAgentBinary } from './agent-resources.js';
import { startAgent } from './start-agent.js';
import { writeFakeAgent } from './testing/fake-agent.js';

const sentence = (result: Result<unknown>): string => (result.ok ? 'it went well' : result.failure.message);

/** Somebody of the login user's is quicker than root: exchanges the agent once it was compared, before root takes it. */
class SwappingLink extends LocalLink {
  swap: () => Promise<void> = () => Promise.resolve();

  override async spawn(argv: readonly string[]): Promise<Result<RunningCommand>> {
    if (argv.includes('start')) await this.swap();
    return super.spawn(argv);
  }
}

describe.skipIf(process.platform !== 'linux')('what is said of a start', () => {
  let folder = '';
  let facts: TargetFacts;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrometer-start-'));
    facts = {
      ...{
        uid: 1000,
        user: 'ada',
        kernelName: 'Linux',
        kernel: '5.4',
        machine: 'x86_64',
        rights: 'root',
        pkexec: false,
      },
      ...{ cacheFolder: join(folder, 'cache'), freeBytes: undefined, btf: true, ownReadable: false, installed: [] },
      ...{ stored: false, wentDown: false },
    };
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('13: what was exchanged after it was sent does not run, and who may have done it is named', async () => {
    const resourcesDir = await writeFakeAgent(join(folder, 'resources'), { socket: '/nowhere' });
    const binary = await findAgentBinary(resourcesDir, facts.machine);
    if (!binary.ok) throw new Error(binary.failure.message);
    const link = new SwappingLink();
    const ran = join(folder, 'ran');
    link.swap = () => writeFile(installedPath(facts, binary.value), `#!/bin/sh\necho ran > ${ran}\n`);
    const started = await startAgent({
      ...{ link, targetId: 't', targetName: 't', prompter: silentPrompter, resourcesDir, facts },
      onStep: () => undefined,
    });
    expect(sentence(started)).toBe(
      `The agent in ${facts.cacheFolder} was changed after it was sent and was not started: look who writes there.`,
    );
    expect(existsSync(ran)).toBe(false);
    expect(existsSync(join(resourcesDir, 'calls'))).toBe(false);
  });

  it('20: who may not become root is told what is missing', () => {
    expect(sentence(agentPossible({ ...facts, rights: 'none' }))).toBe(
      'The agent needs root: give "ada" sudo, or connect as another user.',
    );
    expect(sentence(agentPossible({ ...facts, rights: 'doas-password' }))).toBe(
      'doas reads passwords from a terminal only, and there is none: add the line "permit nopass ada" to /etc/doas.conf, or give "ada" sudo.',
    );
    expect(sentence(agentPossible({ ...facts, rights: 'none', pkexec: true }))).toBe('it went well');
  });

  it('a kernel that cannot is named', () => {
    expect(sentence(agentPossible({ ...facts, btf: false }))).toBe(
      "The kernel 5.4 does not describe its types (no /sys/kernel/btf/vmlinux), which the agent's eBPF needs: use a newer one.",
    );
    expect(sentence(agentPossible({ ...facts, kernelName: 'FreeBSD' }))).toBe(
      'The agent runs on Linux only, and this is FreeBSD.',
    );
  });
});
