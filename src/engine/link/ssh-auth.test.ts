import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SshTargetConfig } from '../../contract/target.js';
import { HostKeys } from './host-keys.js';
import { silentPrompter, type Prompter, type SecretQuestion } from './prompter.js';
import { SshLink } from './ssh-link.js';

/** A server that takes the password "right", by itself or by asking. Real servers with users of their own are e2e's. */
describe('authentication by what the user tells', () => {
  let folder = '';
  let server: ssh2.Server;
  let methods: ssh2.AuthenticationType[] = ['password'];
  let seen: string[] = [];
  const open = new Set<ssh2.Connection>();
  const links: SshLink[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrometer-auth-'));
    seen = [];
    // Not ssh2's own generator: now and then it writes a key that ssh2 then calls malformed.
    const { privateKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      privateKeyEncoding: { type: 'sec1', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    server = new ssh2.Server({ hostKeys: [privateKey] }, (connection) => {
      open.add(connection);
      connection.on('close', () => open.delete(connection));
      connection.on('error', () => undefined); // clients that go away are what is tested
      connection.on('authentication', (context) => {
        if (context.method !== 'none') seen.push(context.method);
        if (context.method === 'password' && methods.includes('password') && context.password === 'right') {
          context.accept();
        } else if (context.method === 'keyboard-interactive' && methods.includes('keyboard-interactive')) {
          context.prompt(
            [
              { prompt: 'Password: ', echo: false },
              { prompt: 'Code: ', echo: true },
            ],
            'Two steps',
            (answers) => {
              if (answers[0] === 'right' && answers[1] === '123') context.accept();
              else context.reject(methods);
            },
          );
        } else context.reject(methods);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(async () => {
    for (const link of links.splice(0)) link.dispose();
    for (const connection of open) connection.end();
    server.close();
    await rm(folder, { recursive: true });
  });

  function make(answers: readonly (readonly string[] | null)[]): { link: SshLink; asked: SecretQuestion[] } {
    const asked: SecretQuestion[] = [];
    const prompter: Prompter = {
      ...silentPrompter,
      acceptHostKey: () => Promise.resolve(true),
      askSecret: (question) => {
        asked.push(question);
        return Promise.resolve(answers[asked.length - 1] ?? null);
      },
    };
    const config: SshTargetConfig = {
      kind: 'ssh',
      id: 'auth',
      name: 'Auth',
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      user: 'pat',
      authentication: { method: 'password' },
    };
    const link = new SshLink({ config, prompter, hostKeys: new HostKeys(join(folder, 'known'), []) });
    links.push(link);
    return { link, asked };
  }

  it('asks again when the password was wrong, and says where it goes', async () => {
    methods = ['password'];
    const { link, asked } = make([['wrong'], ['right']]);
    expect(await link.connect()).toMatchObject({ ok: true });
    expect(asked.map((question) => question.fields)).toEqual(Array(2).fill([{ label: 'Password', echo: false }]));
    expect(asked[0]?.explanation).toContain('not stored');
    expect(asked[1]?.explanation).toContain('did not accept');
  });

  it('gives up after three, and says what was tried', async () => {
    methods = ['password'];
    const { link, asked } = make([['a'], ['b'], ['c'], ['right']]);
    const result = await link.connect();
    expect(result).toMatchObject({ ok: false, failure: { code: 'auth-failed' } });
    expect(asked).toHaveLength(3);
    if (!result.ok) expect(result.failure.message).toContain('the password');
    expect(JSON.stringify(result)).not.toMatch(/"[abc]"/);
  });

  it('shows what the server asks itself', async () => {
    methods = ['keyboard-interactive'];
    const { link, asked } = make([['right', '123']]);
    expect(await link.connect()).toMatchObject({ ok: true });
    expect(asked[0]?.fields).toEqual([
      { label: 'Password: ', echo: false },
      { label: 'Code: ', echo: true },
    ]);
  });

  it('ends when the user does not answer', async () => {
    methods = ['password'];
    expect(await make([null]).link.connect()).toMatchObject({ ok: false, failure: { code: 'cancelled' } });
    methods = ['keyboard-interactive'];
    expect(await make([null]).link.connect()).toMatchObject({ ok: false, failure: { code: 'cancelled' } });
  });

  it('does not ask again to reconnect, and forgets the password with the link', async () => {
    methods = ['password'];
    const { link, asked } = make([['right']]);
    expect(await link.connect()).toMatchObject({ ok: true });
    for (const connection of open) connection.end();
    await expect.poll(() => link.state.state).toBe('reconnecting');
    await expect.poll(() => link.state.state, { timeout: 10_000 }).toBe('connected');
    expect(asked).toHaveLength(1);
    expect(seen).toEqual(['password', 'password']);
    link.dispose();
    expect(JSON.stringify(link)).not.toContain('right');
  });
});
