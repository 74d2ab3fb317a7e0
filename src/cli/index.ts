import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as v from 'valibot';
import { fail, type Failure, type Result } from '../contract/result.js';
import { agentCommand } from './agent.js';
import { parseCommand, usage, type Command } from './arguments.js';
import { progressOn, type Progress } from './progress.js';
import { record } from './record.js';
import { tunnelCommand } from './tunnel.js';
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
  process.stderr.write(`${message}\n`);
  if (detail !== undefined) process.stderr.write(`  ${detail.replaceAll('\n', '\n  ')}\n`);
}

function report(result: Result<Written>, out: string, progress: Progress): number {
  if (!result.ok) {
    progress.done('');
    complain(result.failure);
    return result.failure.code === 'cancelled' ? 130 : 1;
  }
  const { summary, byteLength } = result.value;
  progress.done(`${out}: ${summary.sampleCount} stacks, ${summary.functionCount} functions, ${byteLength} bytes`);
  for (const warning of summary.warnings) process.stderr.write(`${warning}\n`);
  return 0;
}

/** Carries a command line out and answers the exit code: 0 done, 1 failed, 2 not understood, 130 cancelled. */
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
      const controller = new AbortController();
      process.once('SIGINT', () => {
        controller.abort();
      });
      const done = await agentCommand(command, controller.signal);
      if (!done.ok) {
        complain(done.failure);
        return done.failure.code === 'cancelled' ? 130 : 1;
      }
      process.stdout.write(`${done.value.join('\n')}\n`);
      return 0;
    }
    case 'tunnel': {
      const controller = new AbortController();
      process.once('SIGINT', () => {
        controller.abort();
      });
      const say = (line: string): void => {
        process.stdout.write(`${line}\n`);
      };
      const done = await tunnelCommand(command, say, controller.signal);
      if (done.ok) return 0;
      complain(done.failure);
      return done.failure.code === 'cancelled' ? 130 : 1;
    }
    case 'record': {
      const controller = new AbortController();
      // The first interrupt ends the recording in order; a second one ends the process.
      process.once('SIGINT', () => {
        controller.abort();
      });
      return report(await record(command, progress, controller.signal), command.out, progress);
    }
  }
}

process.exitCode = await main(process.argv.slice(2));
