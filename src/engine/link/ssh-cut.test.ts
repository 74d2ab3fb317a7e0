import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { HostKeys } from './host-keys.js';
import { SshLink } from './ssh-link.js';
import { accepting, failureCode, reaches, sentence, value } from './testing/results.js';
import { sshdMissing, startSshd, type TestSshd } from './testing/sshd.js';
import { makeWire } from './testing/wire.js';

// Fault 9 for real: a server in a network namespace of its own, whose packets are dropped from one moment on.

const wire = makeWire(`pyro${process.pid}`);
const missing = (await sshdMissing()) ?? (typeof wire === 'string' ? wire : undefined);
if (missing !== undefined) console.warn(`the test of a cut is skipped: ${missing}`);

describe.skipIf(missing !== undefined)('a cut that nobody tells', { timeout: 120_000 }, () => {
  if (typeof wire === 'string') return;
  const { there, command, inside, remove } = wire;
  let sshd: TestSshd | undefined;
  let link: SshLink | undefined;
  afterAll(remove);
  afterEach(async () => {
    link?.dispose();
    await sshd?.dispose();
  });

  it('is told for what it is where nothing was connected yet', async () => {
    sshd = await startSshd([], { host: there, command });
    const hostKeys = new HostKeys(join(sshd.folder, 'known'), []);
    link = new SshLink({ config: sshd.config, prompter: accepting, hostKeys, dialTimeoutMs: 3000 });
    inside('iptables -A INPUT -j DROP');
    expect(sentence(await link.connect())).toBe(
      `${there} did not answer on port ${sshd.port}: check the address, the port and firewalls.`,
    );
    inside('iptables -D INPUT -j DROP');
    inside('iptables -A INPUT -j REJECT --reject-with icmp-host-unreachable');
    expect(sentence(await link.connect())).toBe(`${there} cannot be reached from here: check the network or VPN.`);
    inside('iptables -D INPUT -j REJECT --reject-with icmp-host-unreachable');
    value(await link.connect());
  });

  it.each([
    ['built-in SSH', []],
    ["system's ssh", ['KexAlgorithms sntrup761x25519-sha512@openssh.com']],
  ])('is noticed within 12 s by the %s, which comes back', async (_name, lines) => {
    sshd = await startSshd(lines, { host: there, command });
    link = new SshLink({
      config: sshd.config,
      prompter: accepting,
      hostKeys: new HostKeys(join(sshd.folder, 'known'), []),
      dialTimeoutMs: 3000,
    });
    value(await link.connect());
    const running = link.exec(['sleep', '300'], { timeoutMs: 200_000 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    inside('iptables -A INPUT -j DROP');
    const cutAt = performance.now();
    await reaches(link, 'reconnecting', 30_000);
    // Three questions, 3 s apart, the first up to 3 s after the cut; a busy machine is late by seconds, and TCP by minutes.
    expect(performance.now() - cutAt).toBeLessThan(25_000);
    expect(link.state.message).toBe(`The connection to ${there} broke; connecting again.`);
    expect(failureCode(await running)).toBe('not-connected');
    inside('iptables -D INPUT -j DROP');
    await reaches(link, 'connected', 60_000);
    expect(value(await link.exec(['echo', 'back'])).stdout).toBe('back\n');
  });
});
