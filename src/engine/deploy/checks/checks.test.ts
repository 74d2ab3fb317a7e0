import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkIds, type Check, type CheckId } from '../../../contract/check.js';
import type { Result } from '../../../contract/result.js';
import { HostKeys } from '../../link/host-keys.js';
import { silentPrompter } from '../../link/prompter.js';
import { SshLink } from '../../link/ssh-link.js';
import { sshdMissing, startSshd, type TestSshd } from '../../link/testing/sshd.js';
import { writeFakeAgent } from '../testing/fake-agent.js';
import { btf, architecture, kernel, lockdown, pidNamespace, tracefs } from './kernel-probes.js';
import { mountOf, noexec, space, tools } from './place-probes.js';
import { readSaid, type Probe, type Verdict } from './probe.js';
import { docker, missingCapabilities, privileges } from './rights-probes.js';
import { runCheck } from './run-check.js';
import { agents, clock } from './running-probes.js';

const nowMs = 1_700_000_000_000;

function judge(probe: Probe, said: string): Verdict | Promise<Verdict> {
  return probe.judge(readSaid(said, nowMs, nowMs + 200), { targetName: 'web', resourcesDir: '/nowhere' });
}

const record = { version: '0.1.0+aa', pid: 7, uids: [1000, 1001], continuous: true };
const home = 'home=/home/u\nroot=/var/lib\nroot=/var/tmp\nroot=/tmp\n';

describe('what a check makes of what it found', () => {
  it.each<[string, Probe, string, Verdict['state'], RegExp]>([
    ['another system', architecture, 'system=Darwin\nmachine=arm64', 'refused', /Linux only/],
    ['another machine', architecture, 'system=Linux\nmachine=riscv64', 'refused', /x86_64 and aarch64/],
    ['a new kernel', kernel, 'kernel=6.1.0-18-amd64', 'ok', /6\.1/],
    ['an old kernel', kernel, 'kernel=4.18.0-553.el8.x86_64', 'warning', /5\.8/],
    ['WSL2', kernel, 'kernel=5.15.1-microsoft-standard-WSL2', 'warning', /nothing of Windows/],
    ['no BTF', btf, '', 'refused', /CONFIG_DEBUG_INFO_BTF/],
    ['integrity', lockdown, 'lockdown=none [integrity] confidentiality', 'ok', /integrity/],
    ['confidentiality', lockdown, 'lockdown=none integrity [confidentiality]', 'refused', /lockdown=integrity/],
    ['a kernel that tells nothing', lockdown, '', 'ok', /not told/],
    ['tracefs', tracefs, 'mount=/sys/kernel/debug/tracing', 'ok', /debug/],
    ['tracefs that will be mounted', tracefs, 'mount=/elsewhere\nfolder=yes', 'ok', /mounts it/],
    ['no tracepoints', tracefs, '', 'refused', /CONFIG_FTRACE/],
    ['the own PID namespace', pidNamespace, 'pid=pid:[4026531836]', 'ok', /own/],
    ['a container', pidNamespace, 'pid=pid:[4026532001]', 'refused', /--pid=host/],
    ['root', privileges, 'rights=root\nuser=root\ncaps=CapEff:\t000001ffffffffff', 'ok', /is root/],
    ['a restricted root', privileges, 'rights=root\nuser=root\ncaps=CapEff:\t00000000a80425fb', 'refused', /CAP_BPF/],
    ['sudo with a password', privileges, 'rights=sudo-password\nuser=u', 'ok', /asked for/],
    ['doas with a password', privileges, 'rights=doas-password\nuser=u', 'refused', /permit nopass u"/],
    [
      'no rights',
      privileges,
      'rights=none\nuser=u',
      'refused',
      /give "u" sudo \(usermod -aG sudo u, or the line "u ALL=\(root\) ALL" in a file below \/etc\/sudoers\.d\)/,
    ],
    ['no Docker', docker, 'user=u', 'ok', /no container engine/],
    ['Docker', docker, 'socket=/var/run/docker.sock\nmode=660 docker\nusable=yes\nuser=u', 'ok', /u may use/],
    ['Docker of others', docker, 'socket=/var/run/docker.sock\nmode=660 docker\nuser=u', 'warning', /group "docker"/],
    [
      'Docker of root',
      docker,
      'socket=/var/run/docker.sock\nmode=600 root\nuser=u',
      'warning',
      /once the agent runs, which may\.$/,
    ],
    ['room', space, 'kb=/home/u/.cache=9000000\nkb=/var/lib/pyrometer=90000', 'ok', /8\.6 GB .* 87 MB/],
    ['a small disk', space, 'kb=/home/u/.cache=9000000\nkb=/var/lib/pyrometer=900', 'refused', /64 MB .*\/var\/lib/],
    ['no inodes', space, 'kb=/a=9000000\nfiles=/a=0', 'refused', /inodes/],
    ['a read-only home', space, 'kb=/a=9000000\nreadonly=/home/u', 'refused', /\/home\/u cannot be written/],
    ['exec', noexec, `${home}mount=/ rw,relatime`, 'ok', /\/var\/lib/],
    ['a noexec home and /opt', noexec, `root=/opt\n${home}mount=/ rw\nmount=/home rw,noexec`, 'ok', /nobody's way/],
    ['a noexec home', noexec, `${home}mount=/ rw\nmount=/home rw,noexec`, 'warning', /\/home\/u is mounted noexec/],
    ['only noexec', noexec, `${home}mount=/ rw,noexec`, 'refused', /without noexec/],
    ['some noexec', noexec, `${home}mount=/ rw\nmount=/var rw,noexec\nmount=/var/tmp rw`, 'ok', /^\/var\/tmp/],
    ['no sha256sum', tools, 'missing=sha256sum\nuserland=busybox', 'refused', /no sha256sum/],
    ['busybox', tools, 'userland=busybox\nlibrary=musl', 'ok', /busybox and musl/],
    ['nobody else', agents, 'uid=1000', 'ok', /none/],
    ['Alloy', agents, 'uid=1000\nprocess=5 alloy run', 'warning', /alloy.*costs twice/],
    [
      'ours',
      agents,
      `uid=1000\nprocess=7 pyrometer-agent run\nrecord=${JSON.stringify({ ...record, uids: [1000] })}`,
      'ok',
      /Pyrometer 0\.1\.0\+aa, until/,
    ],
    [
      'one that is shared',
      agents,
      `uid=1000\nprocess=7 pyrometer-agent run\nrecord=${JSON.stringify(record)}`,
      'warning',
      /user 1001/,
    ],
    [
      'another one',
      agents,
      'uid=1\nprocess=9 pyrometer-agent run\nprocess=10 pyrometer-agent keeper',
      'warning',
      /process 9\)/,
    ],
    ['a stale record', agents, `uid=1000\nrecord=${JSON.stringify(record)}`, 'ok', /none/],
    ['a record that is no record', agents, 'uid=1000\nrecord={"version":', 'ok', /none/],
    ['the same time', clock, `time=${nowMs / 1000} 100000000`, 'ok', /agrees/],
    ['busybox in the same second', clock, `time=${nowMs / 1000 - 1} %N`, 'ok', /agrees/],
    ['a clock ahead', clock, `time=${nowMs / 1000 + 90} 0`, 'warning', /89\.8 s ahead/],
    ['a clock behind', clock, `time=${nowMs / 1000 - 3600} 0`, 'warning', /60 min behind/],
  ])('%s', async (_name, probe, said, state, text) => {
    const verdict = await judge(probe, said);
    expect(verdict.state).toBe(state);
    expect(`${verdict.found} ${verdict.advice ?? ''}`).toMatch(text);
    // Whatever is not well says what to do.
    expect(verdict.advice === undefined).toBe(state === 'ok');
  });

  it('lets CAP_SYS_ADMIN stand for the newer ones', () => {
    expect(missingCapabilities('0000000000280004')).toEqual([]);
    expect(missingCapabilities('0000000000200000')).toEqual(['CAP_SYS_PTRACE', 'CAP_DAC_READ_SEARCH']);
    expect(missingCapabilities('what?')).toEqual([]);
  });

  it('finds the mount that covers a folder', () => {
    const mounts = ['/', '/home', '/home', '/homes'].map((path, index) => ({ path, options: [String(index)] }));
    expect(mountOf(mounts, '/home/u')?.options).toEqual(['2']);
    expect(mountOf(mounts, '/home')?.options).toEqual(['2']);
    expect(mountOf(mounts, '/homely')?.options).toEqual(['0']);
  });
});

const missing = await sshdMissing();
if (missing !== undefined) console.warn(`checks over ssh are skipped: ${missing}`);

describe.skipIf(missing !== undefined)('checks over ssh', { timeout: 60_000 }, () => {
  let sshd: TestSshd;
  let link: SshLink;
  let resourcesDir = '';
  beforeAll(async () => {
    sshd = await startSshd();
    resourcesDir = await writeFakeAgent(join(sshd.folder, 'resources'), { socket: '/nowhere' });
    link = new SshLink({
      config: sshd.config,
      prompter: { ...silentPrompter, acceptHostKey: () => Promise.resolve(true) },
      hostKeys: new HostKeys(join(sshd.folder, 'own'), []),
    });
    await link.connect();
  });
  afterAll(async () => {
    link.dispose();
    await sshd.dispose();
  });

  const run = (id: CheckId): Promise<Result<Check>> => runCheck(link, id, { targetName: 'web', resourcesDir });

  it('answers all of them at once, each with what was found', async () => {
    const results = await Promise.all(checkIds.map(run));
    for (const [index, result] of results.entries()) {
      if (!result.ok) throw new Error(result.failure.message);
      expect(result.value.id).toBe(checkIds[index]);
      expect(result.value.found).not.toBe('');
      expect(result.value.state === 'ok').toBe(result.value.advice === undefined);
    }
    const found = new Map(results.flatMap((result) => (result.ok ? [[result.value.id, result.value]] : [])));
    expect(found.get('architecture')?.found).toMatch(/^Linux /);
    expect(found.get('clock')?.state).toBe('ok');
    expect(found.get('tools')?.state).toBe('ok');
  });

  it('finds its way where the cache folder has a blank in its name', async () => {
    const folder = join(sshd.folder, 'with space');
    await mkdir(folder);
    await sshd.configure([`SetEnv "XDG_CACHE_HOME=${folder}/cache"`]);
    await expect.poll(() => link.state.state, { timeout: 20_000 }).toBe('connected');
    const result = await run('space');
    if (!result.ok) throw new Error(result.failure.message);
    expect(result.value.found).toContain(`for ${folder}/cache`);
    await rm(folder, { recursive: true });
  });

  it('fails where the link is down', async () => {
    link.dispose();
    expect(await run('kernel')).toMatchObject({ ok: false, failure: { code: 'not-connected' } });
  });
});
