import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { askpassProgram, type AskpassEnvironment } from './askpass.js';
import { terminalPrompter } from './terminal-prompter.js';

describe('who is asked', () => {
  const at = { SSH_ASKPASS: '/ask' };
  it.each<[AskpassEnvironment, boolean, string | undefined]>([
    [{}, false, undefined],
    [at, false, undefined],
    [{ ...at, DISPLAY: ':0' }, false, '/ask'],
    [{ ...at, WAYLAND_DISPLAY: 'w' }, false, '/ask'],
    [{ ...at, DISPLAY: ':0' }, true, undefined],
    [{ ...at, DISPLAY: ':0', SSH_ASKPASS_REQUIRE: 'prefer' }, true, '/ask'],
    [{ ...at, SSH_ASKPASS_REQUIRE: 'force' }, true, '/ask'],
    [{ ...at, DISPLAY: ':0', SSH_ASKPASS_REQUIRE: 'never' }, false, undefined],
    [{ SSH_ASKPASS: '', SSH_ASKPASS_REQUIRE: 'force' }, false, undefined],
  ])('%j, a terminal: %j', (environment, terminal, program) => {
    expect(askpassProgram(environment, terminal)).toBe(program);
  });
});

describe.skipIf(process.platform === 'win32')('the program of SSH_ASKPASS', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrometer-askpass-'));
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    vi.stubEnv('SSH_ASKPASS', join(folder, 'ask'));
    vi.stubEnv('SSH_ASKPASS_REQUIRE', 'force');
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  const answering = (script: string): Promise<void> =>
    writeFile(join(folder, 'ask'), `#!/bin/sh\nprintf '%s' "$1" > '${folder}/asked'\n${script}\n`, { mode: 0o755 });
  const never = new AbortController().signal;
  const secret = () =>
    terminalPrompter.askSecret(
      {
        targetId: 't',
        title: 'Password of pat on web; $(touch no)',
        explanation: 'It is sent there.',
        fields: [{ label: 'Password', echo: false }],
      },
      never,
    );

  it('is told what the question is about, as one argument, and answers', async () => {
    await answering("echo ' two words '; echo more");
    expect(await secret()).toEqual([' two words ']);
    expect(readFileSync(join(folder, 'asked'), 'utf8')).toBe(
      'Password of pat on web; $(touch no)\nIt is sent there.\nPassword: ',
    );
  });

  it('shows a new host key', async () => {
    const question = { targetId: 't', host: 'web', keyType: 'ssh-ed25519', fingerprint: 'SHA256:abc' };
    await answering('echo yes');
    expect(await terminalPrompter.acceptHostKey(question, never)).toBe(true);
    expect(readFileSync(join(folder, 'asked'), 'utf8')).toContain('SHA256:abc');
    await answering('echo no');
    expect(await terminalPrompter.acceptHostKey(question, never)).toBe(false);
  });

  it('may be closed, or not be there', async () => {
    await answering('echo half; exit 1');
    expect(await secret()).toBeNull();
    await rm(join(folder, 'ask'));
    expect(await secret()).toBeNull();
    expect(existsSync(join(folder, 'ask'))).toBe(false);
  });
});
