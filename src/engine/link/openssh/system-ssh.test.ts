import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { SshHop, SshTargetConfig } from '../../../contract/target.js';
import { failureCode, reaches, sentence, value } from '../testing/results.js';
import { makeKey } from '../testing/sshd.js';
import { describeSystemSsh, print, publicKey, run } from '../testing/system-ssh-bed.js';

// Servers and logins that the built-in SSH cannot do, against a real sshd and the machine's own ssh.

const hopOf = ({ host, port, user, authentication }: SshTargetConfig): SshHop => ({
  host,
  port,
  user,
  authentication,
});

describeSystemSsh('connects', (bed) => {
  const { keysSeen, asked, answers, outside, server, make, forced, works, know, masters } = bed;

  it('connects to a server that offers only post-quantum key exchange, and says so', async () => {
    const only = await server(['KexAlgorithms sntrup761x25519-sha512@openssh.com']);
    await works(make(only.config), /127\.0\.0\.1 offers only key exchanges that the built-in SSH does not have\.$/);
    // The user saw the key once, and it is kept.
    expect(keysSeen).toEqual([
      {
        targetId: 'test-server',
        host: `[127.0.0.1]:${only.port}`,
        keyType: 'ssh-ed25519',
        fingerprint: print(only.hostKey),
      },
    ]);
    expect(await readFile(join(bed.folder, 'own', 'known_hosts'), 'utf8')).toContain(
      `[127.0.0.1]:${only.port} ${publicKey(only.hostKey)}`,
    );
    await works(make(only.config), /key exchanges/);
    expect(keysSeen).toHaveLength(1);
  });

  it('connects with a certificate of the user', async () => {
    const authority = join(bed.folder, 'ca');
    await makeKey(authority);
    const only = await server([`TrustedUserCAKeys ${authority}.pub`]);
    writeFileSync(join(only.folder, 'authorized_keys'), '');
    know(only);
    expect(failureCode(await make(only.config).connect())).toBe('auth-failed');
    run('ssh-keygen', ['-q', '-s', authority, '-I', 'me', '-n', userInfo().username, `${only.userKey}.pub`]);
    await works(make(only.config), /the key has a certificate \(.*user-cert\.pub\)\.$/);
  });

  it('connects with a certificate that only the SSH agent holds', async () => {
    const authority = join(bed.folder, 'ca');
    await makeKey(authority);
    const only = await server([`TrustedUserCAKeys ${authority}.pub`]);
    writeFileSync(join(only.folder, 'authorized_keys'), '');
    know(only);
    run('ssh-keygen', ['-q', '-s', authority, '-I', 'me', '-n', userInfo().username, `${only.userKey}.pub`]);
    const socket = join(bed.folder, 'agent.sock');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
    onTestFinished(() => {
      agent.kill();
    });
    await once(agent.stdout, 'data');
    const config: SshTargetConfig = { ...only.config, authentication: { method: 'agent', socket } };
    expect(failureCode(await make(config).connect())).toBe('auth-failed');
    execFileSync('ssh-add', ['-q', only.userKey], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'ignore' });
    await works(make(config), /the SSH agent holds a certificate\.$/);
  });

  it('trusts a host that a certificate authority vouches for', async () => {
    const only = await server([]);
    const authority = join(bed.folder, 'host-ca');
    await makeKey(authority);
    run('ssh-keygen', ['-q', '-s', authority, '-I', 'host', '-h', '-n', '127.0.0.1', `${only.hostKey}.pub`]);
    await outside(() => only.configure([`HostCertificate ${only.hostKey}-cert.pub`]));
    writeFileSync(
      join(bed.folder, '.ssh', 'known_hosts'),
      `@cert-authority [127.0.0.1]:${only.port} ${publicKey(authority)}\n`,
    );
    await works(
      make(only.config),
      /a certificate authority vouches for the key of \[127\.0\.0\.1\]:\d+ \(line 1 of .*known_hosts\)\.$/,
    );
    expect(keysSeen).toEqual([]);
  });

  it('goes through the ProxyCommand of the SSH configuration', async () => {
    // Known from a file that only the configuration names.
    writeFileSync(
      join(bed.folder, 'work_known_hosts'),
      `[127.0.0.1]:${bed.sshd.port} ${publicKey(bed.sshd.hostKey)}\n`,
    );
    const ran = join(bed.folder, 'ran');
    const proxy = join(bed.folder, 'proxy.cjs');
    writeFileSync(
      proxy,
      `const s = require('net').connect(process.argv[3], process.argv[2]); process.stdin.pipe(s); s.pipe(process.stdout);
      require('fs').writeFileSync(${JSON.stringify(ran)}, process.argv.slice(2).join(' '));`,
    );
    writeFileSync(
      join(bed.folder, '.ssh', 'config'),
      `Host shop\n ProxyCommand ${process.execPath} ${proxy} %h %p\n StrictHostKeyChecking no\n UserKnownHostsFile ${bed.folder}/work_known_hosts\n`,
      { mode: 0o600 },
    );
    const config: SshTargetConfig = { ...bed.sshd.config, openssh: { host: 'shop', why: 'ProxyCommand' } };
    await works(make(config), /your SSH configuration reaches shop by a ProxyCommand\.$/);
    expect(readFileSync(ran, 'utf8')).toBe(`127.0.0.1 ${bed.sshd.port}`);
    expect(keysSeen).toEqual([]);

    writeFileSync(join(bed.folder, '.ssh', 'config'), 'Host shop\n ProxyCommand exit 1\n');
    expect(sentence(await make(config).connect())).toBe(
      'The ProxyCommand of shop ended without a connection to 127.0.0.1: try "ssh shop" in a terminal.',
    );
    writeFileSync(join(bed.folder, '.ssh', 'config'), 'Bogus yes\n');
    expect(sentence(await make(config).connect())).toBe(
      'OpenSSH cannot read the settings of shop: look into ~/.ssh/config.',
    );
    execFileSync('chmod', ['666', join(bed.folder, '.ssh', 'config')]);
    expect(sentence(await make(config).connect())).toContain('Others may write into');
  });

  it('leads over servers on the way, each with its own key and login', async () => {
    const first = await server([]);
    const target = await server(['KexAlgorithms sntrup761x25519-sha512@openssh.com']);
    await works(make({ ...target.config, jumps: [hopOf(bed.sshd.config), hopOf(first.config)] }), /key exchanges/);
    expect(new Set(keysSeen.map(({ fingerprint }) => fingerprint))).toEqual(
      new Set([bed.sshd.hostKey, first.hostKey, target.hostKey].map(print)),
    );
    expect(keysSeen).toHaveLength(3);
    const closed = await server(['AllowTcpForwarding no']);
    const refused = await make({ ...forced(target.config), jumps: [hopOf(closed.config)] }).connect();
    expect(sentence(refused)).toBe(
      '127.0.0.1 does not forward connections to 127.0.0.1: allow it with "AllowTcpForwarding yes" in its sshd_config.',
    );
  });

  it('connects with a key of a security key', async ({ skip }) => {
    const provider = join(bed.folder, 'security-key.so');
    const source = join(import.meta.dirname, '..', 'testing', 'security-key.c');
    try {
      execFileSync('cc', ['-shared', '-fPIC', '-o', provider, source, '-lcrypto'], { stdio: 'ignore' });
    } catch {
      skip('no security key can be built here: a C compiler and the headers of OpenSSL are needed');
    }
    know(bed.sshd);
    const path = join(bed.folder, 'id_ecdsa_sk');
    run('ssh-keygen', ['-q', '-t', 'ecdsa-sk', '-w', provider, '-N', '', '-f', path]);
    appendFileSync(join(bed.sshd.folder, 'authorized_keys'), readFileSync(`${path}.pub`));
    // Debian's ssh talks to real devices unless it is told of another provider.
    const sshProgram = join(bed.folder, 'ssh');
    writeFileSync(sshProgram, `#!/bin/sh\nexec ssh -o SecurityKeyProvider='${provider}' "$@"\n`, { mode: 0o755 });
    const config: SshTargetConfig = { ...bed.sshd.config, authentication: { method: 'key', path } };
    await works(make(config, { sshProgram }), /id_ecdsa_sk belongs to a security key \(FIDO\)\.$/);
    expect(sentence(await make(config).connect())).toBe(
      'The security key that holds the key is not plugged in: plug it in and try again.',
    );
  });

  describe('asks for', () => {
    let config: SshTargetConfig;
    beforeEach(async () => {
      know(bed.sshd);
      const path = join(bed.folder, 'it is "mine" 100%');
      await makeKey(path, 'ed25519', 'right');
      appendFileSync(join(bed.sshd.folder, 'authorized_keys'), readFileSync(`${path}.pub`));
      config = forced({ ...bed.sshd.config, authentication: { method: 'key', path } });
    });

    it('the passphrase of a key, again when it is wrong, and not again on reconnecting', async () => {
      answers.push('wrong', 'right');
      const link = make(config);
      value(await link.connect());
      expect(asked.map(({ title, explanation }) => `${title}: ${explanation}`)).toEqual([
        expect.stringContaining('Passphrase of the key: It opens '),
        expect.stringContaining('Passphrase of the key: That passphrase did not open it.'),
      ]);
      expect(asked[0]?.explanation).toContain('it is "mine" 100% on this computer');
      const [master] = masters();
      expect(run('ps', ['e', '-p', String(master)])).not.toContain('right');
      const reconnecting = reaches(link, 'reconnecting');
      process.kill(master ?? 0, 'SIGKILL');
      await reconnecting;
      await reaches(link, 'connected');
      expect(value(await link.exec(['echo', 'back'])).stdout).toBe('back\n');
      expect(asked).toHaveLength(2);
    });

    it('the passphrase of a key, and says when none was right or given', async () => {
      answers.push('a', 'b', 'c');
      expect(sentence(await make(config).connect())).toMatch(/^The passphrase does not open .*it is "mine" 100%\.$/);
      expect(asked).toHaveLength(3);
      expect(failureCode(await make(config).connect())).toBe('cancelled');
    });
  });
});
