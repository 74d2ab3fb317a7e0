import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { HostKeys } from './host-keys.js';
import { silentPrompter } from './prompter.js';
import type { SshOptions } from './ssh-connect.js';
import { SshLink } from './ssh-link.js';
import { sshdMissing, startSshd, type TestSshd } from './testing/sshd.js';

const missing = await sshdMissing();

describe.skipIf(missing !== undefined)('a server with few sessions', { timeout: 60_000 }, () => {
  let sshd: TestSshd;
  let link: SshLink;
  beforeAll(async () => {
    sshd = await startSshd(['MaxSessions 2']);
  }, 60_000);
  afterAll(() => sshd.dispose());
  afterEach(() => {
    link.dispose();
  });

  async function connect(options: Partial<SshOptions> = {}): Promise<void> {
    link = new SshLink({
      ...options,
      config: sshd.config,
      prompter: { ...silentPrompter, acceptHostKey: () => Promise.resolve(true) },
      hostKeys: new HostKeys(join(sshd.folder, 'known'), []),
    });
    const connected = await link.connect();
    if (!connected.ok) throw new Error(connected.failure.message);
  }

  it('runs what is too many one after the other', async () => {
    await connect();
    const numbers = Array.from({ length: 12 }, (_, index) => String(index));
    const answers = await Promise.all(
      numbers.map((number) => link.exec(['sh', '-c', 'sleep 0.1; echo "$1"', 'sh', number])),
    );
    expect(answers.map((answer) => (answer.ok ? answer.value.stdout.trim() : answer.failure.message))).toEqual(numbers);
  });

  it('says so at once when it allows none', async () => {
    await connect();
    const none = await startSshd(['MaxSessions 0']);
    const other = new SshLink({
      config: none.config,
      prompter: { ...silentPrompter, acceptHostKey: () => Promise.resolve(true) },
      hostKeys: new HostKeys(join(none.folder, 'known'), []),
    });
    expect((await other.connect()).ok).toBe(true);
    const answers = await Promise.all([1, 2, 3].map(() => other.exec(['true'])));
    expect(answers.map((answer) => (answer.ok ? 'ok' : answer.failure.code))).toEqual([
      'refused',
      'refused',
      'refused',
    ]);
    other.dispose();
    await none.dispose();
  });

  it('19: says which setting allows too few', async () => {
    await connect({ sessionWaitMs: 300 });
    await Promise.all([1, 2].map(() => link.spawn(['cat'])));
    const refused = await link.exec(['true']);
    expect(refused.ok ? '' : refused.failure.message).toBe(
      '127.0.0.1 takes no more commands at once: raise MaxSessions in its sshd_config.',
    );
  });

  it('says after a while that there is no room', async () => {
    await connect();
    const held = await Promise.all([1, 2].map(() => link.spawn(['cat'])));
    let told = 0;
    const end = link.onCrowded(() => {
      told++;
      for (const command of held) if (command.ok) command.value.stop();
    });
    expect((await link.exec(['true'])).ok).toBe(true);
    expect(told).toBe(1);
    end();
  });

  it('lets who waits give up', async () => {
    await connect();
    const held = await Promise.all([1, 2].map(() => link.spawn(['cat'])));
    const given = new AbortController();
    const waiting = link.exec(['true'], { signal: given.signal });
    setTimeout(() => {
      given.abort();
    }, 200);
    expect(await waiting).toMatchObject({ ok: false, failure: { code: 'cancelled' } });
    for (const command of held) if (command.ok) command.value.stop();
    expect((await link.exec(['true'])).ok).toBe(true);
  });

  it('ends who waits when the connection breaks', async () => {
    await connect();
    await Promise.all([1, 2].map(() => link.spawn(['cat'])));
    const waiting = link.exec(['true']);
    setTimeout(() => void sshd.restart(), 200); // awaited by the connection that comes back
    expect(await waiting).toMatchObject({ ok: false, failure: { code: 'not-connected' } });
  });
});
