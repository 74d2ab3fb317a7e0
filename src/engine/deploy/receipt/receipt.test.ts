import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalLink } from '../../link/local-link.js';
import { runScript } from '../../link/marked.js';
import { silentPrompter } from '../../link/prompter.js';
import { Elevator } from '../elevate.js';
import type { TargetFacts } from '../facts.js';
import { NotingLink } from './noting-link.js';
import { plainCommand } from './plain-command.js';
import { ReceiptBook } from './receipt-book.js';

const run = promisify(execFile);

describe('a receipt', () => {
  let folder = '';
  let book: ReceiptBook;
  let link: NotingLink;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "pyrometer-receipt it's "));
    book = new ReceiptBook(() => 0);
    link = new NotingLink(new LocalLink(), book);
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('lists what was run and written, with what came of it', async () => {
    await link.exec(['true']);
    await link.exec(['sh', '-c', 'exit 3']);
    await runScript(link, '# Looks; changes nothing.\nprintf %s "$1" > "$2"', ['a b', join(folder, 'out')]);
    await writeFile(join(folder, 'agent'), 'program');
    await link.upload(join(folder, 'agent'), join(folder, 'sent'));
    await link.upload(join(folder, 'agent'), '/nowhere/sent');
    const { entries, forgotten } = book.receipt('web');
    expect(forgotten).toBe(0);
    expect(entries.map(({ number, kind, title, outcome }) => [number, kind, title, outcome])).toEqual([
      [1, 'ran', 'true', 'exit 0'],
      [2, 'ran', 'sh -c exit 3', 'exit 3'],
      [3, 'ran', 'Looks; changes nothing.', 'exit 0'],
      [4, 'wrote', `Sends the agent to ${folder}/sent`, 'written'],
      [5, 'wrote', 'Sends the agent to /nowhere/sent', '/nowhere/sent could not be written.'],
    ]);
    expect(entries[3]?.command).toContain('SHA-256 ');
  });

  it('can be run by hand and does the same again', async () => {
    const out = join(folder, 'out $(id) "x"');
    await runScript(link, '# Writes.\nprintf "%s\\n" "$1" "$2" >> "$3"', ['a\nb', '$(touch no); `id`', out]);
    const once = await readFile(out, 'utf8');
    expect(once).toBe('a\nb\n$(touch no); `id`\n');
    const { text } = book.receipt('web\ntouch /nowhere');
    expect(text).not.toContain('pyrometer-'.concat('0'));
    await run('sh', ['-c', text]);
    expect(await readFile(out, 'utf8')).toBe(once + once);
  });

  it('holds no password, though the command asked for one', async () => {
    const secret = 'correct horse';
    await writeFile(join(folder, 'sudo'), '#!/bin/sh\nprintf "%s" "$3" >&2; IFS= read -r word; exit 0\n', {
      mode: 0o755,
    });
    const path = process.env['PATH'];
    process.env['PATH'] = `${folder}:${path ?? ''}`;
    const facts: TargetFacts = {
      uid: 1000,
      user: 'pat',
      kernelName: 'Linux',
      kernel: '6.1',
      machine: 'x86_64',
      rights: 'sudo-password',
      pkexec: false,
      cacheFolder: folder,
      freeBytes: undefined,
      btf: true,
      ownReadable: false,
      stored: false,
      wentDown: false,
      installed: [],
    };
    const asked: string[] = [];
    const prompter = {
      ...silentPrompter,
      askSecret: () => {
        asked.push('asked');
        return Promise.resolve([secret]);
      },
    };
    const elevator = new Elevator({ link, facts, prompter, targetId: 't', targetName: 'web' });
    try {
      await elevator.run(['sh', '-c', '# Starts the agent.\ntrue'], { timeoutMs: 10_000 });
    } finally {
      process.env['PATH'] = path;
    }
    expect(asked).toEqual(['asked']);
    const receipt = book.receipt('web');
    expect(JSON.stringify(receipt)).not.toContain('horse');
    expect(receipt.entries).toMatchObject([{ title: 'Starts the agent.', asRoot: true, outcome: 'exit 0' }]);
    expect(receipt.entries[0]?.command).toMatch(/^sudo -- sh -c /);
  });

  it('is bounded, and says how much it let go', async () => {
    for (let index = 0; index < 510; index++) {
      book.note({ kind: 'ran', title: String(index), asRoot: false, command: 'true' })('exit 0');
    }
    const { entries, forgotten, text } = book.receipt('web');
    expect(entries).toHaveLength(500);
    expect(forgotten).toBe(10);
    expect(entries[0]?.number).toBe(11);
    expect(text).toContain('# 10 older entries were let go.');
    book.note({ kind: 'ran', title: 'large', asRoot: false, command: 'x'.repeat(2_000_000) });
    expect(book.receipt('web').entries.map(({ title }) => title)).toEqual(['large']);
    await Promise.resolve();
  });

  it('never lets what a target said become a command', () => {
    book.note({ kind: 'ran', title: 'x\nrm -rf /', asRoot: false, command: 'true' })('failed:\nrm -rf /');
    const lines = book.receipt('web\nrm -rf /').text.split('\n');
    expect(lines.filter((line) => line !== '' && !line.startsWith('#'))).toEqual(['true']);
  });
});

describe('plainCommand', () => {
  it.each([
    [['uname', '-a'], 'uname -a', false],
    [['sudo', '-n', '--', 'sh', '-c', '# Starts.\ntrue'], 'Starts.', true],
    [['sh', '-c', '\n# Looks.\ntrue # not this'], 'Looks.', false],
    [['sh', '-c', 'true\n# Not this.'], 'sh -c true # Not this.', false],
    [['printf', 'x'.repeat(200)], `printf ${'x'.repeat(92)}…`, false],
  ])('%j', (argv, title, asRoot) => {
    expect(plainCommand(argv)).toMatchObject({ title, asRoot });
  });
});
