import type { Prompter, SecretQuestion } from '../engine/link/prompter.js';

/**
 * Answers questions for the login of a server from the environment, where a pipeline has its secrets; all others go to `prompter`. The
 * secrets are PYROMETER_PYROSCOPE_TOKEN, or PYROMETER_PYROSCOPE_USER and PYROMETER_PYROSCOPE_PASSWORD, and the same of PROMETHEUS.
 */
export function withEnvironmentLogins(
  environment: Readonly<Record<string, string | undefined>>,
  prompter: Prompter,
): Prompter {
  return {
    acceptHostKey: (question, signal) => prompter.acceptHostKey(question, signal),
    askSecret: (question, signal) => {
      const told = toldIn(environment, question);
      return told === undefined ? prompter.askSecret(question, signal) : Promise.resolve(told);
    },
  };
}

function toldIn(
  environment: Readonly<Record<string, string | undefined>>,
  { server, fields }: SecretQuestion,
): readonly string[] | undefined {
  if (server === undefined) return undefined;
  const names = fields.length === 1 ? ['TOKEN'] : ['USER', 'PASSWORD'];
  const values = names.flatMap((name) => environment[`PYROMETER_${server.toUpperCase()}_${name}`] ?? []);
  return values.length === names.length ? values : undefined;
}
