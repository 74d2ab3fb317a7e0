import { randomBytes } from 'node:crypto';
import { appendFileSync, chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../support/run';

/** A user that exists only inside the world. */
export interface WorldUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly password: string;
}

/** Who lives in a world. All may log in over SSH by password and by key. */
export interface WorldUsers {
  /** sudo without a password; may read the Docker socket. The login of the usual server. */
  readonly pyro: WorldUser;
  /** sudo asks for the password; may not read the Docker socket. */
  readonly pat: WorldUser;
  /** No sudo at all. */
  readonly nosudo: WorldUser;
  /** Sits at the desktop: runs the app with its sandbox on, has sudo without a password. */
  readonly desk: WorldUser;
}

/** Client keys, owned by `desk`; all of them open the accounts of all users. */
export interface ClientKeys {
  readonly ed25519: string;
  readonly rsa: string;
  /** The ed25519 key with a passphrase on it. */
  readonly encrypted: string;
  readonly passphrase: string;
  /** A key that no account knows. */
  readonly unknown: string;
}

/** Makes the users, their passwords and their rights. Runs inside a world only: it writes to /etc. */
export async function createUsers(worldPath: string): Promise<WorldUsers> {
  if (!readFileSync('/proc/self/mountinfo', 'utf8').includes(`upperdir=${worldPath}/`)) {
    throw new Error('test users are made inside a world, never on the machine itself');
  }
  await run('groupadd', ['--force', 'docker']);
  // Made by an installed openssh-server; where that is only unpacked, sshd must not need a mount namespace of its own.
  if (!/^sshd:/m.test(readFileSync('/etc/passwd', 'utf8'))) {
    await run('useradd', [
      '--system',
      '--gid',
      'nogroup',
      '--home-dir',
      '/run/sshd',
      '--shell',
      '/usr/sbin/nologin',
      'sshd',
    ]);
  }
  // One after the other: useradd locks /etc/passwd.
  const pyro = await createUser('pyro', ['docker']);
  const pat = await createUser('pat');
  const nosudo = await createUser('nosudo');
  const desk = await createUser('desk');
  await run('chpasswd', ['--crypt-method', 'SHA256'], {
    input: [pyro, pat, nosudo, desk].map((user) => `${user.name}:${user.password}\n`).join(''),
  });
  writeFileSync(
    '/etc/sudoers.d/pyrometer-e2e',
    'pyro ALL=(ALL:ALL) NOPASSWD: ALL\ndesk ALL=(ALL:ALL) NOPASSWD: ALL\npat ALL=(ALL:ALL) ALL\n',
    { mode: 0o440 },
  );
  return { pyro, pat, nosudo, desk };
}

/** Makes the client keys and lets them in everywhere. */
export async function createKeys(worldPath: string, users: WorldUsers): Promise<ClientKeys> {
  const folder = join(worldPath, 'keys', 'client');
  mkdirSync(folder, { mode: 0o700 });
  const passphrase = randomBytes(9).toString('base64url');
  const make = async (name: string, type: string, phrase = ''): Promise<string> => {
    const file = join(folder, name);
    await run('ssh-keygen', ['-q', '-t', type, '-N', phrase, '-C', `${name}@pyrometer-e2e`, '-f', file]);
    return file;
  };
  const keys: ClientKeys = {
    ed25519: await make('id_ed25519', 'ed25519'),
    rsa: await make('id_rsa', 'rsa'),
    encrypted: await make('id_encrypted', 'ed25519', passphrase),
    passphrase,
    unknown: await make('id_unknown', 'ed25519'),
  };
  await run('chown', ['-R', `${users.desk.uid}:${users.desk.gid}`, folder]);
  const known = [keys.ed25519, keys.rsa, keys.encrypted].map((file) => readFileSync(`${file}.pub`, 'utf8')).join('');
  for (const user of Object.values(users) as readonly WorldUser[]) {
    const ssh = join(user.home, '.ssh');
    mkdirSync(ssh, { mode: 0o700 });
    appendFileSync(join(ssh, 'authorized_keys'), known, { mode: 0o600 });
    for (const path of [ssh, join(ssh, 'authorized_keys')]) chownSync(path, user.uid, user.gid);
  }
  return keys;
}

async function createUser(name: string, groups: readonly string[] = []): Promise<WorldUser> {
  const more = groups.length === 0 ? [] : ['--groups', groups.join(',')];
  await run('useradd', ['--create-home', '--user-group', '--shell', '/bin/bash', ...more, name]);
  const id = async (flag: string): Promise<number> => Number((await run('id', [flag, name])).trim());
  const [uid, gid] = [await id('-u'), await id('-g')];
  const runtime = `/run/user/${uid}`;
  mkdirSync(runtime, { mode: 0o700 });
  chmodSync(runtime, 0o700);
  chownSync(runtime, uid, gid);
  return { name, uid, gid, home: `/home/${name}`, password: randomBytes(9).toString('base64url') };
}
