import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SshTargetConfig } from '../../../contract/target.js';
import { configText, destination, type ConfigFileOptions } from './config-file.js';

const target: SshTargetConfig = {
  kind: 'ssh',
  id: 't',
  name: 'a "name"\nProxyCommand touch /tmp/pwned',
  host: 'web.example.com',
  port: 2222,
  user: 'deploy',
  authentication: { method: 'agent' },
};

/** Each tries to become a setting, an option, a command or another file. */
const attacks = [
  '-oProxyCommand=touch /tmp/pwned',
  'a\nProxyCommand touch /tmp/pwned',
  'a\rProxyCommand touch /tmp/pwned',
  'a" ProxyCommand touch /tmp/pwned',
  'a"\tProxyCommand=touch',
  '$(touch /tmp/pwned)',
  '`touch /tmp/pwned`',
  "a'b",
  'a\\"b',
  'a b # c',
  '*',
  '!web',
  'a,b',
  '%h',
  '%%',
  '%(x)',
  '~root/x',
  '${HOME}',
  '$HOME',
  'none',
  '\u0000',
  '\u202egpj.exe',
  '',
];

describe('the settings that ssh is given', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrometer-config-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const text = (config: Partial<SshTargetConfig>, more: Partial<ConfigFileOptions> = {}): string => {
    const result = configText({
      config: { ...target, ...config },
      hostKeys: 'yes',
      knownHosts: ['/own', '/home/a b/.ssh/known_hosts'],
      controlSocket: '/tmp/x/m',
      include: [],
      ...more,
    });
    return result.ok ? result.value : `refused: ${result.failure.code}`;
  };

  /** What ssh itself makes of them. */
  async function resolved(config: Partial<SshTargetConfig>, more: Partial<ConfigFileOptions> = {}): Promise<string[]> {
    const file = join(folder, 'config');
    await writeFile(file, text(config, more));
    const argv = ['-F', file, '-G', '--', destination({ ...target, ...config })];
    return execFileSync('ssh', argv, { encoding: 'utf8' }).split('\n');
  }

  it('make a careful master of it', async () => {
    const lines = await resolved({});
    for (const line of [
      'hostname web.example.com',
      'port 2222',
      'user deploy',
      'controlmaster true',
      'controlpath /tmp/x/m',
      'stricthostkeychecking true',
      'userknownhostsfile /own /home/a b/.ssh/known_hosts',
      'globalknownhostsfile none',
      'updatehostkeys false',
      'forwardagent no',
      'permitlocalcommand no',
      'serveraliveinterval 3',
      'serveralivecountmax 3',
      'escapechar none',
      'checkhostip no',
    ]) {
      expect(lines).toContain(line);
    }
    expect(lines.filter((line) => /^(proxycommand|proxyjump|identityfile ~)/.test(line))).toEqual([]);
  });

  it('come before what an included configuration says, which says the rest', async () => {
    const file = join(folder, 'included');
    await writeFile(
      file,
      'Host shop\n HostName elsewhere\n Port 1\n ProxyCommand the-way %h %p\n ControlPath /elsewhere\nHost *\n StrictHostKeyChecking no\n UserKnownHostsFile /dev/null\n ForwardAgent yes\n LocalForward 1 localhost:1\n UpdateHostKeys yes\n PermitLocalCommand yes\n',
    );
    const lines = await resolved({ openssh: { host: 'shop', why: 'ProxyCommand' } }, { include: [file] });
    for (const line of [
      'hostname web.example.com',
      'port 2222',
      'proxycommand the-way %h %p',
      'controlpath /tmp/x/m',
      'stricthostkeychecking true',
      'userknownhostsfile /own /home/a b/.ssh/known_hosts',
      'forwardagent no',
      'updatehostkeys false',
      'permitlocalcommand no',
      'clearallforwardings yes',
    ]) {
      expect(lines).toContain(line);
    }
  });

  it.each(attacks)('take no host, user, name or server on the way like %j', (attack) => {
    for (const config of [
      { host: attack },
      { user: attack },
      { openssh: { host: attack, why: 'ProxyCommand' as const } },
      { jumps: [{ host: attack, port: 22, user: 'a', authentication: { method: 'agent' as const } }] },
      { jumps: [{ host: 'a', port: 22, user: attack, authentication: { method: 'agent' as const } }] },
    ]) {
      const made = text(config);
      // Harmless as a host: percent signs are, and names that are no more than that.
      if (!made.startsWith('refused')) expect(attack).toMatch(/^(%h|%%|none)$/);
    }
  });

  it.each(attacks)('take %j for a path as it is, or not at all', async (attack) => {
    const path = `/keys/${attack}`;
    const knownHosts = ['/own', path];
    for (const [config, more, keyword] of [
      [{ authentication: { method: 'key', path } }, {}, 'identityfile'],
      [{ authentication: { method: 'agent', socket: path } }, {}, 'identityagent'],
      [{}, { knownHosts }, 'userknownhostsfile /own'],
    ] as const) {
      if (text(config, more).startsWith('refused')) {
        expect(attack).toMatch(/\p{Cc}|\$\{/u);
        continue;
      }
      const lines = await resolved(config, more);
      // `ssh -G` shows some before "%%" becomes "%".
      const shown = [path, path.replaceAll('%', '%%')].map((each) => `${keyword} ${each.replace(/\/$/, '')}`);
      expect(lines.filter((line) => shown.includes(line))).toHaveLength(1);
      expect(lines.filter((line) => line.startsWith('proxycommand'))).toEqual([]);
    }
  });

  it('reach an address with a zone', async () => {
    expect(await resolved({ host: 'fe80::1%eth0' })).toContain('hostname fe80::1%eth0');
    expect(await resolved({ host: '[::1]' })).toContain('hostname ::1');
  });

  it('lead over servers on the way, each with its own login', async () => {
    const jumps = [
      { host: 'one', port: 23, user: 'a', authentication: { method: 'key' as const, path: '/k' } },
      { host: 'two', port: 24, user: 'b', authentication: { method: 'password' as const } },
    ];
    expect(await resolved({ jumps })).toContain('proxyjump pyrometer-jump-1,pyrometer-jump-2');
    const made = text({ jumps });
    expect(made).toContain('Host pyrometer-jump-2\nHostName "two"\nPort 24\nUser "b"\n');
    expect(made).toContain('Host pyrometer-jump-1\nHostName "one"\nPort 23\nUser "a"\n');
  });
});
