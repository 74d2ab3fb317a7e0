import { expect, it } from 'vitest';
import type { SecretQuestion } from '../engine/link/prompter.js';
import { withEnvironmentLogins } from './environment-logins.js';

const token: SecretQuestion = {
  ...{ targetId: 'local', server: 'prometheus', title: '', explanation: '' },
  fields: [{ label: 'Token', echo: false }],
};
const pair: SecretQuestion = {
  ...token,
  server: 'pyroscope',
  fields: [
    { label: 'User', echo: true },
    { label: 'Password', echo: false },
  ],
};

it('answers for a server what the environment has, and asks for all else', async () => {
  const asked: SecretQuestion[] = [];
  const prompter = withEnvironmentLogins(
    {
      PYROMETER_PROMETHEUS_TOKEN: 'one',
      PYROMETER_PYROSCOPE_USER: 'ci',
      PYROMETER_PYROSCOPE_PASSWORD: '',
      PYROMETER_PROMETHEUS_USER: 'alone',
    },
    {
      acceptHostKey: () => Promise.resolve(true),
      askSecret: (question) => {
        asked.push(question);
        return Promise.resolve(null);
      },
    },
  );
  const { signal } = new AbortController();
  expect(await prompter.askSecret(token, signal)).toEqual(['one']);
  expect(await prompter.askSecret(pair, signal)).toEqual(['ci', '']);
  expect(await prompter.askSecret({ ...token, server: 'pyroscope' }, signal)).toBeNull();
  // A user without a password is half of an answer.
  expect(await prompter.askSecret({ ...pair, server: 'prometheus' }, signal)).toBeNull();
  // A passphrase is no login of a server.
  const { server, ...passphrase } = token;
  expect(server).toBe('prometheus');
  expect(await prompter.askSecret(passphrase, signal)).toBeNull();
  expect(asked).toHaveLength(3);
});
