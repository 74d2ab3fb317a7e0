import { access, chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as v from 'valibot';
import { TargetConfig } from '../../contract/target.js';
import { importHost } from './import-host.js';
import { listConfigHosts, resolveConfigHost } from './ssh-config.js';

let folder = '';
let file = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pyrometer-ssh-config-'));
  file = join(folder, 'config');
});
afterEach(() => rm(folder, { recursive: true }));

const there = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

async function names(text: string): Promise<readonly string[]> {
  await writeFile(file, text);
  const listed = await listConfigHosts(file);
  if (!listed.ok) throw new Error(listed.failure.message);
  return listed.value.names;
}

describe('the names of a configuration', () => {
  it.each([
    ['Host web-1 web-2\n  HostName 10.0.0.1\nHost db', ['web-1', 'web-2', 'db']],
    ['Host *\nHost *.example.com !bad web?\nhost=a\nHOST "b"  c # Host d', ['a', 'b', 'c']],
    ['# Host a\n\tHost\tb\r\nHostName c\nHost b', ['b']],
    ['Host', []],
    ['', []],
  ])('%j', async (text, expected) => {
    expect(await names(text)).toEqual(expected);
  });

  it('come from included files as well, by pattern, once, and never in a circle', async () => {
    await mkdir(join(folder, 'conf.d'));
    await writeFile(join(folder, 'conf.d', 'a.conf'), 'Host a\nInclude config');
    await writeFile(join(folder, 'conf.d', 'b.conf'), 'Host b');
    await writeFile(join(folder, 'conf.d', '.hidden.conf'), 'Host hidden');
    await writeFile(join(folder, 'conf.d', 'c.txt'), 'Host c');
    expect(await names('Include conf.d/*.conf nowhere/*\nHost main')).toEqual(['a', 'b', 'main']);
  });

  it('that cannot be handed on safely are counted', async () => {
    await writeFile(file, 'Host good "a b" $(id) -oProxyCommand=id a;b');
    const listed = await listConfigHosts(file);
    expect(listed).toMatchObject({ ok: true, value: { names: ['good'], unusable: 4 } });
  });

  it('are none where there is no file, and a failure where it may not be read', async () => {
    expect(await listConfigHosts(join(folder, 'none'))).toMatchObject({ ok: true, value: { names: [] } });
    await writeFile(file, 'Host a');
    await chmod(file, 0);
    if (process.getuid?.() === 0) return; // root reads everything
    expect(await listConfigHosts(file)).toMatchObject({ ok: false, failure: { code: 'not-found' } });
  });
});

describe('a chosen host', () => {
  it('is resolved by OpenSSH, which alone runs commands; a list runs none', async () => {
    const ran = join(folder, 'ran');
    const text = `Match exec "touch ${ran}"\n  Port 2222\nHost web\n  HostName 10.0.0.1`;
    expect(await names(text)).toEqual(['web']);
    expect(await there(ran)).toBe(false);
    const resolved = await importHost('web', { file });
    expect(resolved).toMatchObject({ ok: true, value: { hop: { host: '10.0.0.1', port: 2222 } } });
    expect(await there(ran)).toBe(true);
  });

  it('brings its key, its agent and every server on its way', async () => {
    const key = join(folder, 'key of web');
    await writeFile(key, '');
    await writeFile(
      file,
      [
        'Host web\n HostName %h.example.com\n User deploy\n ProxyJump outer,me@inner:2200',
        ` IdentityFile "${key}"`,
        'Host outer\n ProxyJump door\n IdentityAgent ~/agent-%r.sock',
        `Host door\n HostName 192.0.2.1\n Port 24\n User guard`,
      ].join('\n'),
    );
    const user = userInfo().username;
    const agent = { method: 'agent' };
    expect(await importHost('web', { file, agentSocket: '/run/agent' })).toEqual({
      ok: true,
      value: {
        name: 'web',
        hop: { host: 'web.example.com', port: 22, user: 'deploy', authentication: { method: 'key', path: key } },
        jumps: [
          { host: '192.0.2.1', port: 24, user: 'guard', authentication: agent },
          {
            host: 'outer',
            port: 22,
            user,
            authentication: { method: 'agent', socket: expect.stringMatching(/agent-.*\.sock$/) as string },
          },
          { host: 'inner', port: 2200, user: 'me', authentication: agent },
        ],
      },
    });
  });

  it('names the hosts that only ssh itself can connect to, and what cannot be used', async () => {
    await writeFile(file, 'Host a\n ProxyCommand nc %h %p\nHost b\n ProxyJump b\nHost c\n HostName "a b"\nBogus yes');
    const said = async (name: string): Promise<string> => {
      const result = await importHost(name, { file });
      return result.ok ? JSON.stringify([result.value.openssh, result.value.jumps]) : result.failure.message;
    };
    expect(await said('a')).toContain('look into ~/.ssh/config');
    await writeFile(
      file,
      'Host a\n ProxyCommand nc %h %p\nHost b\n ProxyJump d\nHost d\n ProxyJump b\nHost e\n CertificateFile ~/.ssh/e\nHost f\n ProxyJump a',
    );
    expect(await said('a')).toBe('[{"host":"a","why":"ProxyCommand"},[]]');
    expect(await said('e')).toBe('[{"host":"e","why":"CertificateFile"},[]]');
    expect(await said('f')).toBe('[{"host":"f","why":"ProxyJump"},[]]');
    expect(await said('b')).toContain('more than 8 servers');
  });

  it('fails in words where OpenSSH is missing or waits', async () => {
    const missing = await resolveConfigHost('web', { file, program: 'pyrometer-no-such-ssh' });
    expect(missing.ok ? '' : missing.failure.message).toContain('OpenSSH is not installed here');
    const given = new AbortController();
    await writeFile(file, 'Match exec "sleep 30"\n  Port 1');
    const waiting = resolveConfigHost('web', { file, signal: given.signal });
    given.abort();
    expect(await waiting).toMatchObject({ ok: false, failure: { code: 'cancelled' } });
  });
});

/** What must never reach a program, a message or a file as it is. */
const attacks = [
  '-oProxyCommand=touch ran',
  '$(touch ran)',
  '`touch ran`',
  'a;touch ran',
  'a\nb',
  'a\0b',
  'a\u001b[2J',
  'a b',
  "a'b",
  'a"b',
  'a|b',
  'a&b',
  'a>b',
  'a\\b',
  'a#b',
  '\u202eb',
  '',
];

const server = {
  kind: 'ssh',
  id: 'web-1',
  name: 'web-1',
  host: 'web-1.example.com',
  port: 22,
  user: 'deploy',
  authentication: { method: 'agent' },
} as const;

describe('hostile text in a configuration', () => {
  it('the server that is attacked is a good one', () => {
    expect(v.is(TargetConfig, { ...server, jumps: [server], group: 'EU', colour: 'red' })).toBe(true);
  });

  it.each(attacks)('%j is no host, user, port, id, colour or agent of a server or of one on its way', async (text) => {
    for (const field of ['host', 'user', 'port', 'id', 'kind', 'colour', 'authentication']) {
      expect([field, v.is(TargetConfig, { ...server, [field]: text })]).toEqual([field, false]);
    }
    for (const field of ['host', 'user', 'port', 'authentication']) {
      expect([field, v.is(TargetConfig, { ...server, jumps: [{ ...server, [field]: text }] })]).toEqual([field, false]);
    }
    expect(v.is(TargetConfig, { ...server, authentication: { method: text } })).toBe(false);
    expect(await resolveConfigHost(text, { program: '/bin/false' })).toMatchObject({
      ok: false,
      failure: { code: 'invalid-input', message: 'This is no name of a host.' },
    });
  });

  it.each(['a\nb', 'a\0b', 'a\u001b[2J', ''])('%j is no file of a key or an agent', (path) => {
    expect(v.is(TargetConfig, { ...server, authentication: { method: 'key', path } })).toBe(false);
    expect(v.is(TargetConfig, { ...server, authentication: { method: 'agent', socket: path } })).toBe(false);
  });
});
