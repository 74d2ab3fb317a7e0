import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PyroscopeConfig } from '../../contract/target.js';
import { LocalLink } from '../link/local-link.js';
import type { SecretQuestion } from '../link/prompter.js';
import { PyroscopeAccess } from './pyroscope-access.js';

// What stands in front of a Pyroscope and wants a login is a proxy of any kind: here a server that answers ProfileTypes with
// nothing to whoever knows the password.
let server: Server;
let url: string;
let password: string;
let heard: IncomingHttpHeaders[];
let asked: SecretQuestion[];
let answers: (readonly string[] | null)[];

beforeEach(async () => {
  password = 'sesame';
  heard = [];
  asked = [];
  answers = [];
  server = createServer((request, reply) => {
    heard.push(request.headers);
    const wanted = [`Basic ${Buffer.from(`jo:${password}`).toString('base64')}`, `Bearer ${password}`];
    const known = wanted.includes(request.headers.authorization ?? '');
    request.resume().on('end', () => {
      if (known) reply.writeHead(200, { 'content-type': 'application/proto' }).end();
      else reply.writeHead(401, { 'content-type': 'text/html' }).end('<html>');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function access(config: Partial<PyroscopeConfig>): PyroscopeAccess {
  return new PyroscopeAccess({
    targetId: 'web',
    config: { url, reach: 'direct', push: false, ...config },
    prompter: {
      acceptHostKey: () => Promise.resolve(false),
      askSecret: (question) => {
        asked.push(question);
        return Promise.resolve(answers.shift() ?? null);
      },
    },
    targetName: () => 'web',
    link: () => new LocalLink(),
    onChange: () => undefined,
  });
}

describe('a Pyroscope that wants to know who reads', () => {
  it('is told user and password, asked for once, and its tenant', async () => {
    answers = [['jo', 'sesame']];
    const pyroscope = access({ login: 'basic', tenant: 'team-a' });
    await Promise.all([pyroscope.check(), pyroscope.authentication(), pyroscope.check()]);
    expect(pyroscope.state).toEqual({ state: 'ok' });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.fields.map(({ echo }) => echo)).toEqual([true, false]);
    expect(heard.every((headers) => headers['x-scope-orgid'] === 'team-a')).toBe(true);
    expect(await pyroscope.authentication()).toEqual({ kind: 'basic', user: 'jo', password: 'sesame' });
  });

  it('is told a token', async () => {
    answers = [['sesame']];
    const pyroscope = access({ login: 'bearer' });
    await pyroscope.check();
    expect(pyroscope.state).toEqual({ state: 'ok' });
    expect(heard[0]?.['x-scope-orgid']).toBeUndefined();
  });

  it('is asked for again after it was wrong, and never sent to another server', async () => {
    answers = [
      ['jo', 'wrong'],
      ['jo', 'sesame'],
    ];
    const pyroscope = access({ login: 'basic' });
    await pyroscope.check();
    expect(pyroscope.state.state).toBe('failed');
    expect(pyroscope.state.message).toContain('other credentials');
    const before = pyroscope.client();
    expect(before.ok ? '' : before.failure.code).toBe('auth-failed');
    await pyroscope.check();
    expect(pyroscope.state).toEqual({ state: 'ok' });
    pyroscope.reconfigure({ url: 'http://127.0.0.1:1', reach: 'direct', push: false, login: 'basic' });
    await pyroscope.check();
    expect(asked).toHaveLength(3);
    expect(pyroscope.client().ok).toBe(false);
  });

  it('is said to want it where nobody answers', async () => {
    const pyroscope = access({ login: 'basic' });
    await pyroscope.check();
    expect(pyroscope.state).toEqual({
      state: 'failed',
      message: `Pyroscope at ${new URL(url).host} wants a user and a password: open "Pyroscope…" and save, to be asked again.`,
    });
    expect(heard).toHaveLength(0);
    expect(await access({}).authentication()).toEqual({ kind: 'keep' });
  });
});
