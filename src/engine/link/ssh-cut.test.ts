import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { HostKeys } from './host-keys.js';
import { SshLink } from './ssh-link.js';
import { accepting, failureCode, reaches, value } from './testing/results.js';
import { sshdMissing, startSshd, type TestSshd } from './testing/sshd.js';

// Fault 9 for real: a server in a network namespace of its own, whose packets are dropped from one moment on.

const name = `pyro${process.pid}`;
/** Of a network for tests (RFC 2544), others for each run. */
const network = `198.18.${(process.pid >> 6) & 255}`;
const here = `${network}.${(process.pid & 63) * 4 + 1}`;
const there = `${network}.${(process.pid & 63) * 4 + 2}`;

function ip(line: string): void {
  execFileSync('ip', line.split(' '), { stdio: 'ignore' });
}

function inside(line: string): void {
  ip(`netns exec ${name} ${line}`);
}

function makeWire(): string | undefined {
  if (process.getuid?.() !== 0) return 'a network namespace needs root';
  try {
    ip(`netns add ${name}`);
    ip(`link add ${name}a type veth peer name ${name}b netns ${name}`);
    ip(`addr add ${here}/30 dev ${name}a`);
    ip(`link set ${name}a up`);
    inside(`ip addr add ${there}/30 dev ${name}b`);
    inside(`ip link set ${name}b up`);
    inside('iptables -A INPUT -i nowhere -j DROP');
    return undefined;
  } catch (error) {
    return `no network namespace can be made: ${String(error)}`;
  }
}

function removeWire(): void {
  for (const line of [`link del ${name}a`, `netns del ${name}`]) {
    try {
      ip(line);
    } catch {
      // there was none
    }
  }
}

const missing = (await sshdMissing()) ?? makeWire();
if (missing !== undefined) {
  removeWire();
  console.warn(`the test of a cut is skipped: ${missing}`);
}

describe.skipIf(missing !== undefined)('a cut that nobody tells', { timeout: 120_000 }, () => {
  let sshd: TestSshd | undefined;
  let link: SshLink | undefined;
  afterAll(removeWire);
  afterEach(async () => {
    link?.dispose();
    await sshd?.dispose();
  });

  it.each([
    ['built-in SSH', []],
    ["system's ssh", ['KexAlgorithms sntrup761x25519-sha512@openssh.com']],
  ])('is noticed within 12 s by the %s, which comes back', async (_name, lines) => {
    sshd = await startSshd(lines, { host: there, command: ['ip', 'netns', 'exec', name] });
    link = new SshLink({
      config: sshd.config,
      prompter: accepting,
      hostKeys: new HostKeys(join(sshd.folder, 'known'), []),
      dialTimeoutMs: 2000,
    });
    value(await link.connect());
    const running = link.exec(['sleep', '300'], { timeoutMs: 200_000 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    inside('iptables -A INPUT -j DROP');
    const cutAt = performance.now();
    await reaches(link, 'reconnecting', 30_000);
    // Three questions, 3 s apart, the first up to 3 s after the cut; a busy machine is late.
    expect(performance.now() - cutAt).toBeLessThan(15_000);
    expect(link.state.message).toBe(`The connection to ${there} broke; connecting again.`);
    expect(failureCode(await running)).toBe('not-connected');
    inside('iptables -D INPUT -j DROP');
    await reaches(link, 'connected', 60_000);
    expect(value(await link.exec(['echo', 'back'])).stdout).toBe('back\n');
  });
});
