import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Result } from '../../contract/result.js';
import { HostKeys } from '../link/host-keys.js';
import { SshLink } from '../link/ssh-link.js';
import { accepting, failureCode, value } from '../link/testing/results.js';
import { sshdMissing, startSshd, type TestSshd } from '../link/testing/sshd.js';
import { findAgentBinary, type AgentBinary } from './agent-resources.js';
import { lookAt } from './facts.js';
import { install } from './install.js';
import { writeFakeAgent } from './testing/fake-agent.js';

const missing = await sshdMissing();

describe.skipIf(missing !== undefined)('what is put on a target', { timeout: 60_000 }, () => {
  let sshd: TestSshd;
  let agent: AgentBinary;
  let cacheFolder = '';
  const links: SshLink[] = [];
  beforeAll(async () => {
    sshd = await startSshd();
    const resourcesDir = await writeFakeAgent(join(sshd.folder, 'resources'), { socket: '/nowhere' });
    agent = value(await findAgentBinary(resourcesDir, 'x86_64'));
  }, 60_000);
  afterAll(() => sshd.dispose());
  afterEach(() => {
    for (const link of links.splice(0)) link.dispose();
  });

  async function put(what: AgentBinary): Promise<Result<string>> {
    const link = new SshLink({
      config: sshd.config,
      prompter: accepting,
      hostKeys: new HostKeys(join(sshd.folder, 'known'), []),
    });
    links.push(link);
    value(await link.connect());
    cacheFolder = join(sshd.folder, `cache-${Math.random()}`);
    return install(link, { ...value(await lookAt(link)), cacheFolder }, what);
  }

  /** What lies where the agent belongs, and beside it. */
  function there(): string[] {
    const folder = join(cacheFolder, agent.folderName);
    return existsSync(folder) ? readdirSync(folder) : [];
  }

  it('is the program whole and executable, as it was packed before', async () => {
    const path = value(await put(agent));
    expect(path).toBe(`${cacheFolder}/${agent.folderName}/pyrometer-agent`);
    expect(readFileSync(path).equals(await readFile(agent.path))).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o755);
    expect(there()).toEqual(['pyrometer-agent']);
  });

  it('is nothing where another program was packed', async () => {
    const other = (await readFile(agent.path)).fill('x', 100, 110);
    const packedPath = join(sshd.folder, 'other.gz');
    for (const content of [gzipSync(other), gzipSync(other.subarray(1)), Buffer.from('no gzip')]) {
      await writeFile(packedPath, content);
      expect(failureCode(await put({ ...agent, packedPath }))).toBe('upload-corrupt');
      expect(there()).toEqual([]);
    }
  });

  it('is nothing where it cannot be compared', async () => {
    const bin = join(sshd.folder, 'bin');
    await mkdir(bin);
    const programs = [
      'sh',
      'mkdir',
      'find',
      'gzip',
      'cat',
      'wc',
      'rm',
      'chmod',
      'mv',
      'df',
      'awk',
      'id',
      'uname',
      'ls',
    ];
    for (const program of programs) {
      symlinkSync(execFileSync('which', [program], { encoding: 'utf8' }).trim(), join(bin, program));
    }
    await sshd.configure([`SetEnv PATH=${bin}`, `ForceCommand PATH=${bin} exec sh -c "$SSH_ORIGINAL_COMMAND"`]);
    const result = await put(agent);
    expect(failureCode(result)).toBe('unsupported');
    expect(result.ok ? '' : result.failure.message).toContain('no sha256sum');
    expect(there()).toEqual([]);
  });
});
