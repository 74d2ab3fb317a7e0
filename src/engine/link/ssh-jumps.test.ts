import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Result } from '../../contract/result.js';
import type { SshHop, SshTargetConfig } from '../../contract/target.js';
import { HostKeys } from './host-keys.js';
import type { HostKeyQuestion, Prompter, SecretQuestion } from './prompter.js';
import { SshLink } from './ssh-link.js';
import { freePort, makeKey, sshdMissing, startSshd, type TestSshd } from './testing/sshd.js';

const missing = await sshdMissing();

function said(result: Result<unknown>): string {
  return result.ok ? 'it went well' : `${result.failure.code}: ${result.failure.message}`;
}

/** The way to a server, as the one before it sees it. Each has users and keys of its own. */
function hop({ config }: TestSshd): SshHop {
  const { host, port, user, authentication } = config;
  return { host, port, user, authentication };
}

describe.skipIf(missing !== undefined)('a way through other servers', { timeout: 60_000 }, () => {
  let folder = '';
  let target: TestSshd;
  let first: TestSshd;
  let second: TestSshd;
  let closed: TestSshd;
  const links: SshLink[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrometer-jumps-'));
    [target, first, second, closed] = await Promise.all([
      startSshd(),
      startSshd(),
      startSshd(),
      startSshd(['AllowTcpForwarding no']),
    ]);
  }, 60_000);
  afterEach(() => {
    for (const link of links.splice(0)) link.dispose();
  });
  afterAll(async () => {
    await Promise.all([target, first, second, closed].map((server) => server.dispose()));
    await rm(folder, { recursive: true });
  });

  function make(
    jumps: readonly SshHop[],
    options: { config?: Partial<SshTargetConfig>; known?: string; prompter?: Partial<Prompter> } = {},
  ): SshLink {
    const link = new SshLink({
      config: { ...target.config, jumps: [...jumps], ...options.config },
      prompter: {
        acceptHostKey: () => Promise.resolve(true),
        askSecret: () => Promise.resolve(null),
        ...options.prompter,
      },
      hostKeys: new HostKeys(join(folder, options.known ?? 'known'), []),
    });
    links.push(link);
    return link;
  }

  it('connects, with the key of each server accepted first and known later', async () => {
    const asked: HostKeyQuestion[] = [];
    const prompter = {
      acceptHostKey: (question: HostKeyQuestion) => {
        asked.push(question);
        return Promise.resolve(true);
      },
    };
    const jumps = [hop(first), hop(second)];
    const link = make(jumps, { known: 'fresh', prompter });
    expect(said(await link.connect())).toBe('it went well');
    const names = [first, second, target].map(({ port }) => `[127.0.0.1]:${port}`);
    expect(asked.map(({ host }) => host)).toEqual(names);
    const ran = await link.exec(['sh', '-c', 'echo $SSH_CONNECTION']);
    expect(ran.ok && ran.value.stdout.trim().endsWith(` 127.0.0.1 ${target.port}`)).toBe(true);
    asked.length = 0;
    expect(said(await make(jumps, { known: 'fresh', prompter }).connect())).toBe('it went well');
    expect(asked).toEqual([]);
  });

  it('asks for the credentials of each server', async () => {
    const files = await Promise.all(
      [first, target].map(async (server, index) => {
        const path = join(folder, `encrypted-${index}`);
        await makeKey(path, 'ed25519', `phrase ${index}`);
        await appendFile(join(server.folder, 'authorized_keys'), await readFile(`${path}.pub`));
        return path;
      }),
    );
    const asked: SecretQuestion[] = [];
    const askSecret = (question: SecretQuestion): Promise<readonly string[]> => {
      asked.push(question);
      return Promise.resolve([`phrase ${files.findIndex((file) => question.explanation.includes(`${file} `))}`]);
    };
    const link = make([{ ...hop(first), authentication: { method: 'key', path: files[0] ?? '' } }], {
      config: { authentication: { method: 'key', path: files[1] ?? '' } },
      prompter: { askSecret },
    });
    expect(said(await link.connect())).toBe('it went well');
    expect(asked).toHaveLength(2);
  });

  it('comes back when a server on the way went away, without asking again', async () => {
    const link = make([hop(first)]);
    expect(said(await link.connect())).toBe('it went well');
    const back = new Promise<void>((resolve) => {
      let lost = false;
      link.onState(({ state }) => {
        lost ||= state === 'reconnecting';
        if (lost && state === 'connected') resolve();
      });
    });
    await first.restart();
    await back;
    expect((await link.exec(['true'])).ok).toBe(true);
  });

  it('refuses a changed key of a server on the way', async () => {
    await makeKey(join(folder, 'other'));
    const [type = '', blob = ''] = (await readFile(join(folder, 'other.pub'), 'utf8')).split(' ');
    await writeFile(join(folder, 'changed'), `[127.0.0.1]:${first.port} ${type} ${blob}\n`);
    const result = await make([hop(first)], { known: 'changed' }).connect();
    expect(said(result)).toContain(`host-key-changed: [127.0.0.1]:${first.port} showed another key`);
  });

  it('says which server does not let through, and which cannot be reached from where', async () => {
    expect(said(await make([hop(closed)]).connect())).toBe(
      'forwarding-denied: 127.0.0.1 does not forward connections to 127.0.0.1: allow it with "AllowTcpForwarding yes" in its sshd_config.',
    );
    const port = await freePort();
    expect(said(await make([hop(first)], { config: { port } }).connect())).toBe(
      `unreachable: 127.0.0.1 cannot reach 127.0.0.1 port ${port}: check the name and the port as 127.0.0.1 sees them.`,
    );
    expect(said(await make([{ ...hop(first), user: 'pyrometer-nobody' }]).connect())).toContain(
      'auth-failed: 127.0.0.1 did not let "pyrometer-nobody" in',
    );
    const stuck = new AbortController();
    const given = make([hop(first), hop(second)]).connect(stuck.signal);
    stuck.abort();
    expect(said(await given)).toBe('cancelled: Cancelled.');
  });
});
