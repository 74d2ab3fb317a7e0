import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { Result } from '../../contract/result.js';
import type { CountedWork, WorkCounter } from '../../contract/work-counter.js';
import { LocalLink } from '../link/local-link.js';
import type { SecretQuestion } from '../link/prompter.js';
import { PrometheusAccess } from './prometheus-access.js';
import { growing, serving } from './testing/fake-prometheus.js';

// What stands in front of a Prometheus and wants a login is a proxy of any kind: here a server that counts for whoever knows the password.

const ranges = [
  { startMs: 1_000_000, endMs: 1_600_000 },
  { startMs: 1_600_000, endMs: 2_200_000 },
] as const;
const known = [`Basic ${Buffer.from('jö:sesame').toString('base64')}`, 'Bearer sesame'];

/** A Prometheus behind a login, and who asks it; answers are what the user says, one after the other. */
async function bed(...answers: (readonly string[] | null)[]) {
  const asked: SecretQuestion[] = [];
  const heard: IncomingHttpHeaders[] = [];
  const port = await serving(
    (form, headers) => {
      heard.push(headers);
      return growing(1)(form);
    },
    ({ authorization = '' }) => (known.includes(authorization) ? 200 : 401),
  );
  const access = new PrometheusAccess({
    targetId: 'web',
    prompter: {
      acceptHostKey: () => Promise.resolve(false),
      askSecret: (question) => {
        asked.push(question);
        return Promise.resolve(answers.shift() ?? null);
      },
    },
    targetName: () => 'web-1',
    link: () => new LocalLink(),
  });
  const count = (login?: WorkCounter['login'], host = '127.0.0.1'): Promise<Result<CountedWork>> =>
    access.count(
      { prometheus: `http://${host}:${port}`, query: 'x', ...(login === undefined ? {} : { login }) },
      ranges,
    );
  return { access, asked, heard, count, name: `Prometheus at 127.0.0.1:${port}` };
}

const failure = (result: Result<CountedWork>) => (result.ok ? undefined : result.failure);

describe('a Prometheus that wants to know who reads', () => {
  it('is told user and password, asked for once', async () => {
    const { count, asked, heard, name } = await bed(['jö', 'sesame']);
    const both = await Promise.all([count('basic'), count('basic')]);
    expect(both.map(({ ok }) => ok)).toEqual([true, true]);
    expect((await count('basic')).ok).toBe(true);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ targetId: 'web', server: 'prometheus', title: `${name} wants to know who reads` });
    expect(asked[0]?.fields.map(({ echo }) => echo)).toEqual([true, false]);
    expect(heard).toHaveLength(6);
  });

  it('is told a token, without the end of the line that it was copied with', async () => {
    const { count, heard } = await bed([' sesame\n']);
    expect((await count('bearer')).ok).toBe(true);
    expect(heard[0]?.authorization).toBe('Bearer sesame');
  });

  it('is asked for again after it was wrong', async () => {
    const { count, asked, name } = await bed(['jö', 'wrong'], ['jö', 'sesame']);
    expect(failure(await count('basic'))).toMatchObject({
      code: 'auth-failed',
      message: `${name} wants other credentials than it got. Read again to be asked for a user and a password.`,
      detail: 'HTTP 401',
    });
    expect((await count('basic')).ok).toBe(true);
    expect(asked).toHaveLength(2);
  });

  it('gets nothing that no header can carry', async () => {
    const { count, asked, heard } = await bed(['two words'], ['schlüssel'], ['sesame\r\nx-admin: yes'], ['sesame']);
    expect(failure(await count('bearer'))?.message).toMatch(/wants a token, and was told none/);
    expect(asked).toHaveLength(3);
    expect(asked[1]?.explanation).toMatch(/^A token has letters, digits and signs of ASCII only/);
    expect(heard).toHaveLength(0);
    const colon = await bed(['j:ö', 'sesame'], ['jö', 'sesame']);
    expect((await colon.count('basic')).ok).toBe(true);
  });

  it('never gets what another server was told, and nothing without being asked', async () => {
    const { access, count, asked, heard } = await bed(['jö', 'sesame'], null, null);
    expect(failure(await count())).toMatchObject({
      code: 'auth-failed',
      message: expect.stringContaining('say what it wants') as string,
    });
    expect((await count('basic')).ok).toBe(true);
    // The same machine by another name.
    expect(failure(await count('basic', 'localhost'))?.code).toBe('auth-failed');
    expect(failure(await count('bearer'))?.code).toBe('auth-failed');
    expect(asked).toHaveLength(3);
    expect(heard.filter(({ authorization }) => authorization !== undefined)).toHaveLength(2);
    access.dispose();
  });
});
