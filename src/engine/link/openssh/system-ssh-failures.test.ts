import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { build } from 'vite';
import { expect, it, vi } from 'vitest';
import type { SshTargetConfig } from '../../../contract/target.js';
import type { Prompter } from '../prompter.js';
import { failureCode, reaches, sentence, value } from '../testing/results.js';
import { freePort, makeKey } from '../testing/sshd.js';
import { describeSystemSsh, print, publicKey, run } from '../testing/system-ssh-bed.js';

// What goes wrong with the machine's own ssh, against a real sshd: refusals, cuts, and what is given up.

describeSystemSsh('fails well', (bed) => {
  const { shares, prompter, keysSeen, server, make, forced, know, masters } = bed;

  it('refuses a key that is not accepted, has changed or is revoked, with its fingerprints', async () => {
    const nobody: Prompter = { ...prompter, acceptHostKey: () => Promise.resolve(false) };
    const refused = await make(forced(bed.sshd.config), { prompter: nobody }).connect();
    expect(sentence(refused)).toBe(`The key of [127.0.0.1]:${bed.sshd.port} was not accepted.`);
    expect(refused.ok ? '' : refused.failure.detail).toContain(print(bed.sshd.hostKey));
    expect(readFileSync(join(bed.folder, 'own', 'known_hosts'), 'utf8')).toBe('');

    const other = join(bed.folder, 'other');
    await makeKey(other);
    const file = join(bed.folder, '.ssh', 'known_hosts');
    writeFileSync(file, `# a comment\n[127.0.0.1]:${bed.sshd.port} ${publicKey(other)}\n`);
    const changed = await make(forced(bed.sshd.config)).connect();
    expect(sentence(changed)).toBe(
      `[127.0.0.1]:${bed.sshd.port} showed another key than the one that is known: somebody may be listening in. If the ` +
        `server was set up anew, remove line 2 of ${file} and connect again.`,
    );
    const detail = changed.ok ? '' : changed.failure.detail;
    expect(detail).toContain(print(other));
    expect(detail).toContain(print(bed.sshd.hostKey));

    writeFileSync(file, `@revoked * ${publicKey(bed.sshd.hostKey)}\n`);
    expect(sentence(await make(forced(bed.sshd.config)).connect())).toContain('showed a key that is marked as revoked');
    expect(keysSeen).toEqual([]);
  });

  it('says what is wrong in the words of the built-in SSH', async () => {
    know(bed.sshd);
    const said = async (config: Partial<SshTargetConfig>, of = bed.sshd): Promise<string> =>
      sentence(await make(forced({ ...of.config, ...config })).connect());
    expect(await said({ host: 'no-such-host.invalid' })).toBe(
      'There is no host "no-such-host.invalid": check the name, or whether a VPN is needed.',
    );
    const port = await freePort();
    expect(await said({ port })).toBe(
      `127.0.0.1 refused port ${port}: check the port, and that the SSH server is running.`,
    );
    const stranger = join(bed.folder, 'stranger');
    await makeKey(stranger);
    expect(await said({ authentication: { method: 'key', path: stranger } })).toBe(
      `127.0.0.1 did not let "${bed.sshd.config.user}" in: tried the key ${stranger}; it takes publickey. Check the user name and the key or password.`,
    );
    expect(await said({ authentication: { method: 'key', path: '/none' } })).toBe('The key file /none cannot be read.');
    const strict = await server(['MaxAuthTries 1']);
    know(strict);
    expect(await said({ authentication: { method: 'key', path: stranger } }, strict)).toBe(
      '127.0.0.1 ended the login after too many attempts. Check the user name and the key or password.',
    );
    const chatty = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1');
    const rude = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await Promise.all([once(chatty, 'listening'), once(rude, 'listening')]);
    const portOf = (listener: typeof chatty): number => (listener.address() as { port: number }).port;
    expect(await said({ port: portOf(chatty) })).toContain('did not complete an SSH handshake');
    expect(await said({ port: portOf(rude) })).toContain('did not complete an SSH handshake');
    chatty.close();
    rude.close();
  });

  it('says where there is no ssh, or one that is too old', async () => {
    expect(sentence(await make(forced(bed.sshd.config), { sshProgram: 'pyrometer-no-ssh' }).connect())).toBe(
      "The system's ssh is needed: your SSH configuration reaches forced by a ProxyCommand. " +
        'OpenSSH is not installed here (no "ssh" in PATH): install its client.',
    );
    const old = join(bed.folder, 'old-ssh');
    await writeFile(old, '#!/bin/sh\necho OpenSSH_7.4p1, OpenSSL 1.0.2k-fips >&2\n', { mode: 0o755 });
    expect(sentence(await make(forced(bed.sshd.config), { sshProgram: old }).connect())).toContain(
      'It is too old: OpenSSH 8.5 or newer is needed.',
    );
  });

  it('can be given up while it connects, and while it asks', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const given = new AbortController();
    const connecting = make(forced({ ...bed.sshd.config, port })).connect(given.signal);
    await vi.waitFor(() => {
      expect(masters()).toHaveLength(1);
    }, 20_000);
    given.abort();
    expect(failureCode(await connecting)).toBe('cancelled');
    silent.close();
    const again = new AbortController();
    const waiting: Prompter = {
      ...prompter,
      acceptHostKey: (_question, signal) =>
        new Promise((resolve) => {
          again.abort();
          signal.addEventListener('abort', () => {
            resolve(false);
          });
        }),
    };
    expect(failureCode(await make(forced(bed.sshd.config), { prompter: waiting }).connect(again.signal))).toBe(
      'cancelled',
    );
    await vi.waitFor(() => {
      expect(masters()).toEqual([]);
    }, 20_000);
  });

  it('runs what is too many for a server one after the other', async () => {
    const few = await server(['MaxSessions 2']);
    know(few);
    const link = make(forced(few.config));
    value(await link.connect());
    const numbers = Array.from({ length: 8 }, (_, index) => String(index));
    const ran = await Promise.all(
      numbers.map((number) => link.exec(['sh', '-c', 'sleep 0.1; echo "$1"', 'sh', number])),
    );
    expect(ran.map((answer) => (answer.ok ? answer.value.stdout.trim() : answer.failure.message))).toEqual(numbers);
  });

  it.runIf(shares)('names the setting of a server that forwards nothing', async () => {
    const closed = await server(['AllowTcpForwarding no']);
    know(closed);
    const link = make(forced(closed.config));
    value(await link.connect());
    expect(sentence(await link.open({ kind: 'tcp', host: '127.0.0.1', port: closed.port }))).toContain(
      'AllowTcpForwarding yes',
    );
  });

  it('notices a cut that nobody tells, and comes back', async () => {
    const only = await server([]);
    know(only);
    const link = make(forced(only.config));
    value(await link.connect());
    const beganAt = performance.now();
    const listener = run('ps', ['-e', '-o', 'pid=,args='])
      .split('\n')
      .find((line) => line.includes('sshd:') && line.includes(only.folder));
    const pids = run('ps', ['-e', '-o', 'pid=,ppid=,args='])
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, parent]) => parent === String(Number.parseInt(listener ?? '', 10)))
      .map(([pid]) => Number(pid));
    expect(pids.length).toBeGreaterThan(0);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    await reaches(link, 'reconnecting', 40_000);
    expect(performance.now() - beganAt).toBeLessThan(25_000);
    await reaches(link, 'connected', 40_000);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
  });

  it('ends with the process that it belongs to, also when that is killed', { timeout: 120_000 }, async () => {
    know(bed.sshd);
    // The folder of a process that was: swept before the next connection.
    const left = join(bed.folder, 't', 'pyrometer-ssh-left00');
    mkdirSync(left);
    writeFileSync(join(left, 'owner'), '999999999');
    const link = make(forced(bed.sshd.config));
    value(await link.connect());
    const pids = masters();
    expect(pids).toHaveLength(1);
    link.dispose();
    await vi.waitFor(() => {
      expect(masters()).toEqual([]);
    }, 20_000);

    const program = join(bed.folder, 'built');
    await build({
      logLevel: 'silent',
      configFile: false,
      build: { ssr: join(import.meta.dirname, '..', 'testing', 'hold-link.ts'), outDir: program },
    });
    symlinkSync(join(import.meta.dirname, '../../../../node_modules'), join(bed.folder, 'node_modules'));
    const holder = spawn(process.execPath, [join(program, 'hold-link.js')], {
      env: {
        ...process.env,
        LINK_CONFIG: JSON.stringify(forced(bed.sshd.config)),
        ...(shares ? {} : { LINK_RESOURCES: bed.resourcesDir }),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    expect(masters()).toHaveLength(1);
    holder.kill('SIGKILL');
    await vi.waitFor(() => {
      expect(masters()).toEqual([]);
    }, 20_000);
    // Nothing guards the one session: its folder goes with the next connection.
    if (!shares) value(await make(forced(bed.sshd.config)).connect());
  });
});
