import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AskpassQuestion, AskpassWay } from './askpass.js';
import { openProgramAskpass } from './program-askpass.js';

// As ssh runs it: by Node, and by Electron as Node, which is what it is in the window.
const electron = join(import.meta.dirname, '../../../../node_modules/electron/dist/electron');
const programs = [process.execPath, ...(existsSync(electron) ? [electron] : [])];

describe.each(programs)('asking by %s', { timeout: 30_000 }, (program) => {
  let folder = '';
  let way: AskpassWay;
  let asked: AskpassQuestion[] = [];
  let answer: string | null = null;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrometer-ask "it\'s" '));
    asked = [];
    way = await openProgramAskpass(folder, (question) => {
      asked.push(question);
      return Promise.resolve(answer);
    });
  });
  afterEach(async () => {
    way.dispose();
    await rm(folder, { recursive: true });
  });

  function run(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<{ code: number | null; out: string }> {
    return new Promise((resolve, reject) => {
      const env = { ...process.env, ...way.environment, ...more };
      const child = spawn(program, args, { env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
      let out = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
      child.stderr.resume();
      child.once('error', reject);
      child.once('close', (code) => {
        resolve({ code, out });
      });
    });
  }

  const question =
    "The authenticity of host '[::1]:22 ([::1]:22)' can't be established.\nED25519 key fingerprint is SHA256:a//b/../c\\d & calc \"x\" %PATH%.\n";

  it('hands over the very question, and the answer', async () => {
    answer = ' it\'s "50%" // ü ';
    expect(await run([question], { SSH_ASKPASS_PROMPT: 'confirm' })).toEqual({ code: 0, out: `${answer}\n` });
    expect(asked).toEqual([{ hint: 'confirm', text: question }]);
  });

  it('gives no answer where there is none, or nobody to ask', async () => {
    answer = null;
    expect(await run(["pat@web's password: "])).toEqual({ code: 1, out: '' });
    way.dispose();
    expect(await run(["pat@web's password: "])).toEqual({ code: 1, out: '' });
    expect(asked).toHaveLength(1);
  });

  it('leaves other programs alone that the same Node runs', async () => {
    const other = join(folder, 'proxy.cjs');
    await writeFile(other, 'console.log("proxy", process.argv.length)');
    expect(await run([other])).toEqual({ code: 0, out: 'proxy 2\n' });
    expect(await run([other, 'web', '22'])).toEqual({ code: 0, out: 'proxy 4\n' });
    expect(asked).toEqual([]);
  });

  it('leaves nothing', () => {
    way.dispose();
    expect(readdirSync(folder)).toEqual(['ask.cjs']);
  });
});
