import { fail, type Failure } from '../../contract/result.js';
import type { SshHop } from '../../contract/target.js';

/** A server ended the login: its MaxAuthTries counts each key that an agent offers. */
export function tooManyAttempts({ host, authentication }: SshHop, said: string): Failure {
  const what =
    authentication.method === 'agent'
      ? 'too many keys of the SSH agent: choose the one key file for it, or leave fewer keys in the agent.'
      : 'too many attempts. Check the user name and the key or password.';
  return fail('auth-failed', `${host} ended the login after ${what}`, said).failure;
}

/**
 * A server did not let us in.
 *
 * @param tried in words, one after the other
 * @param allowed SSH's names of what the server would take
 */
export function denied(
  { user, host }: Pick<SshHop, 'user' | 'host'>,
  tried: readonly string[],
  allowed: readonly string[],
  said?: string,
): Failure {
  const what = tried.length === 0 ? 'nothing could be tried' : `tried ${tried.join(', then ')}`;
  const takes = allowed.length === 0 ? '' : `; it takes ${allowed.join(', ')}`;
  return fail(
    'auth-failed',
    `${host} did not let "${user}" in: ${what}${takes}. Check the user name and the key or password.`,
    said,
  ).failure;
}

/** No passphrase that was given opens a key. */
export function wrongPassphrase(path: string, said?: string): Failure {
  return fail('auth-failed', `The passphrase does not open ${path}.`, said).failure;
}
