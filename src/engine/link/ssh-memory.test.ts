import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { HostKeys } from './host-keys.js';
import { SshLink } from './ssh-link.js';
import { accepting, value } from './testing/results.js';
import { sshdMissing, startSshd, type TestSshd } from './testing/sshd.js';
import { canTakeMemory } from './testing/take-memory.js';
import { Tunnel } from './tunnel.js';

// A packet's memory is taken from ssh2 once it was written. Whether it still reads that depends on the cipher's code.

const missing = await sshdMissing();

describe.skipIf(missing !== undefined)('a link whose packets lose their memory', { timeout: 60_000 }, () => {
  let memoryAsBefore: () => void;
  beforeAll(() => {
    memoryAsBefore = canTakeMemory();
  });
  afterAll(() => {
    memoryAsBefore();
  });

  async function server(lines: readonly string[]): Promise<TestSshd> {
    const sshd = await startSshd([...lines, 'RekeyLimit 1M']);
    onTestFinished(() => sshd.dispose());
    return sshd;
  }

  it.each([
    ['aes128-gcm@openssh.com', ['Ciphers aes128-gcm@openssh.com']],
    ['chacha20-poly1305@openssh.com', ['Ciphers chacha20-poly1305@openssh.com']],
    ['aes256-ctr, MAC of what is encrypted', ['Ciphers aes256-ctr', 'MACs hmac-sha2-256-etm@openssh.com']],
    ['aes256-ctr, MAC of what is plain', ['Ciphers aes256-ctr', 'MACs hmac-sha2-256']],
  ])('carries all bytes by %s, with new keys each megabyte', async (_cipher, lines) => {
    const sshd = await server(lines);
    const link = new SshLink({
      config: sshd.config,
      prompter: accepting,
      hostKeys: new HostKeys(join(sshd.folder, 'known'), []),
    });
    onTestFinished(() => {
      link.dispose();
    });
    value(await link.connect());
    const bytes = randomBytes(5_000_001);
    const from = join(sshd.folder, 'from');
    const to = join(sshd.folder, 'to');
    await writeFile(from, bytes);

    const echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
    onTestFinished(() => void echo.close());
    await once(echo, 'listening');
    const { port } = echo.address() as AddressInfo;
    const tunnel = value(await Tunnel.open(link, { kind: 'tcp', host: '127.0.0.1', port }));
    onTestFinished(() => {
      tunnel.dispose();
    });
    const through = async (): Promise<Buffer> => {
      const socket = connect({ port: tunnel.port, host: '127.0.0.1', allowHalfOpen: true });
      socket.end(bytes);
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    };

    const [sent, echoed] = await Promise.all([link.upload(from, to), through()]);
    value(sent);
    expect((await readFile(to)).equals(bytes)).toBe(true);
    expect(echoed.equals(bytes)).toBe(true);
  });
});
