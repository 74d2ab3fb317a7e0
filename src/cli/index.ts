import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as v from 'valibot';
import { fail, type Failure, type Result } from '../contract/result.js';
import { agentCommand } from './agent.js';
import { parseCommand, usage, type Command } from './arguments.js';
import { changes } from './changes.js';
import { check } from './check.js';
import { diff } from './diff.js';
import { progressOn, type Progress } from './progress.js';
import { record } from './record.js';
import { tunnelCommand } from './tunnel.js';
import { verificationCode, verificationJson, verificationText, verify } from './verify.js';
import { writeProfile, type Written } from './write-profile.js';

async function version(): Promise<string> {
  const text = await readFile(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8');
  return v.parse(v.object({ version: v.string() }), JSON.parse(text)).version;
}

async function exportFile({ file, out, format }: Extract<Command, { name: 'export' }>): Promise<Result<Written>> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    return fail('not-found', `"${file}" cannot be read.`, String(error));
  }
  return writeProfile(bytes, { path: out, format, title: basename(file) });
}

function complain({ message, detail }: Failure): void {
  // What a hostile server said must not move the terminal's cursor.
  const shown = (text: string): string => text.replace(/[^\P{C}\n]/gu, '?');
  process.stderr.write(`${shown(message)}\n`);
  if (detail !== undefined) process.stderr.write(`  ${shown(detail).replaceAll('\n', '\n  ')}\n`);
}

function failed(failure: Failure): number {
  complain(failure);
  return failure.code === 'cancelled' ? 130 : 1;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The first interrupt ends what is done in order; a second one ends the process. */
function firstInterrupt(): AbortSignal {
  const controller = new AbortController();
  process.once('SIGINT', () => {
    controller.abort();
  });
  return controller.signal;
}

function report(result: Result<Written>, out: string, progress: Progress): number {
  if (!result.ok) {
    progress.done('');
    return failed(result.failure);
  }
  const { summary, byteLength } = result.value;
  progress.done(`${out}: ${summary.sampleCount} stacks, ${summary.functionCount} functions, ${byteLength} bytes`);
  for (const warning of summary.warnings) process.stderr.write(`${warning}\n`);
  return 0;
}

/** Carries a command line out and answers the exit code: 0 done, 1 failed, 2 not understood, 3 a rule of --fail-on is met or profilers differ, 130 cancelled. */
async function main(argv: readonly string[]): Promise<number> {
  const parsed = parseCommand(argv);
  if (!parsed.ok) {
    complain(parsed.failure);
    return 2;
  }
  const command = parsed.value;
  const progress = progressOn(process.stderr);
  switch (command.name) {
    case 'help':
      process.stdout.write(usage);
      return 0;
    case 'version':
      process.stdout.write(`${await version()}\n`);
      return 0;
    case 'export':
      return report(await exportFile(command), command.out, progress);
    case 'agent': {
      const done = await agentCommand(command, say, firstInterrupt());
      return done.ok ? 0 : failed(done.failure);
    }
    case 'verify': {
      const verified = await verify(command, progress, firstInterrupt());
      progress.done('');
      if (!verified.ok) return failed(verified.failure);
      process.stdout.write(command.json ? verificationJson(verified.value) : verificationText(verified.value));
      return verificationCode(verified.value);
    }
    case 'check': {
      const checked = await check(command, firstInterrupt());
      if (!checked.ok) return failed(checked.failure);
      process.stdout.write(checked.value.text);
      return checked.value.canRun ? 0 : 1;
    }
    case 'changes': {
      const found = await changes(command, progress, firstInterrupt());
      if (!found.ok) return failed(found.failure);
      process.stdout.write(found.value);
      return 0;
    }
    case 'diff': {
      const compared = await diff(command, progress, firstInterrupt());
      if (!compared.ok) return failed(compared.failure);
      process.stdout.write(compared.value.text);
      return compared.value.broken ? 3 : 0;
    }
    case 'tunnel': {
      const done = await tunnelCommand(command, say, firstInterrupt());
      return done.ok ? 0 : failed(done.failure);
    }
    case 'record':
      return report(await record(command, progress, firstInterrupt()), command.out, progress);
  }
}

process.exitCode = await main(process.argv.slice(2));
