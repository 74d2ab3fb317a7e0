import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { HostKeys } from './host-keys.js';
import { SshLink } from './ssh-link.js';
import { accepting, value } from './testing/results.js';
import { sshdMissing, startSshd } from './testing/sshd.js';

// "RekeyLimit 1G 1h" is what some distributions set for all servers.

const missing = await sshdMissing();

it.skipIf(missing !== undefined)('keeps a connection whose server wants new keys, and asks nothing', async () => {
  const sshd = await startSshd(['RekeyLimit 1M']);
  onTestFinished(() => sshd.dispose());
  let asked = 0;
  const link = new SshLink({
    config: sshd.config,
    prompter: {
      ...accepting,
      acceptHostKey: () => {
        asked++;
        return Promise.resolve(true);
      },
    },
    hostKeys: new HostKeys(join(sshd.folder, 'known'), []),
  });
  onTestFinished(() => {
    link.dispose();
  });
  value(await link.connect());
  const states: string[] = [];
  link.onState(({ state }) => states.push(state));
  const bytes = randomBytes(5_000_001);
  const from = join(sshd.folder, 'from');
  await writeFile(from, bytes);
  for (const to of [join(sshd.folder, 'to'), join(sshd.folder, 'again')]) {
    value(await link.upload(from, to));
    expect((await readFile(to)).equals(bytes)).toBe(true);
  }
  expect(asked).toBe(1);
  expect(states).toEqual([]);
});
