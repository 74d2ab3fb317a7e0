import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { fail, type Result } from '../contract/result.js';
import type { Verification } from '../contract/verify.js';
import { partName, partWords, points, verdictNotes, verdictSentence } from '../core/compare/agreement-words.js';
import { formatShare } from '../core/words/numbers.js';
import { TargetSession } from '../engine/deploy/session.js';
import type { Command } from './arguments.js';
import { printable } from './printable.js';
import type { Progress } from './progress.js';
import { connectionParts } from './record.js';

/** An agent that has just begun meets the processes that run already in its first seconds. */
const acquaintanceMs = 5000;

/** Runs py-spy beside the agent on a service, and answers what the two agree about. Starts an agent where none runs, for so long. */
export async function verify(
  command: Extract<Command, { name: 'verify' }>,
  progress: Progress,
  signal: AbortSignal,
): Promise<Result<Verification>> {
  const session = new TargetSession({
    ...connectionParts(command.target, command.identity),
    holder: { id: randomUUID(), description: `npm start -- agent verify of ${userInfo().username} on ${hostname()}` },
    onChange: () => undefined,
  });
  try {
    progress.show('connecting');
    const connected = await session.connect(signal);
    if (!connected.ok) return connected;
    if (session.pyspy.chosen) {
      return fail('unsupported', 'Here py-spy records instead of the agent: there is nothing to verify.');
    }
    const fresh = session.state.agent.state !== 'profiling';
    progress.show('starting the agent');
    const started = await session.agent.start('recording', signal);
    if (!started.ok) return started;
    if (fresh) await new Promise((resolve) => setTimeout(resolve, acquaintanceMs));
    return await session.verify(
      command.service,
      command.seconds,
      ({ step, seconds, of }) => {
        progress.show(
          step === 'sampling' ? `both sample, ${Math.floor(seconds)} of ${of} s` : step,
          step === 'sampling' ? seconds / of : undefined,
        );
      },
      signal,
    );
  } finally {
    // A lease ends by itself where this does not get through.
    await session.stopRecording();
    session.dispose();
  }
}

/** The verdict, what stands out, and what else is known, in lines. */
export function verificationText({ agreement, seconds, lookedAt, notes }: Verification): string {
  const rows = agreement.rows.map((row) => [
    partName(row),
    partWords[row.part],
    formatShare(row.agent),
    formatShare(row.pyspy),
    `± ${points(row.margin)}`,
    row.differs ? 'differs' : '',
  ]);
  const table = [['function', '', 'agent', 'py-spy', 'chance', ''], ...rows];
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => (row[column] ?? '').length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [
    verdictSentence(agreement),
    '',
    ...(rows.length === 0 ? [] : [...lines, '']),
    ...verdictNotes(agreement),
    ...notes,
    `${lookedAt.join(', ')}, ${seconds.toFixed(0)} s`,
  ]
    .map((line) => printableLine(line))
    .join('\n')
    .concat('\n');
}

/** The marks of our own words stay; what a hostile server named does not move the cursor. */
function printableLine(line: string): string {
  return printable(line.replaceAll('\u00a0', ' ').replaceAll('±', '+-').replaceAll('–', '-'));
}

/** 0: they agree; 3: they differ; 1: too few samples to say. */
export function verificationCode({ agreement }: Verification): number {
  switch (agreement.verdict) {
    case 'agrees':
      return 0;
    case 'differs':
      return 3;
    case 'too-few':
      return 1;
  }
}

/** For programs: the whole of it in one line. */
export function verificationJson(verification: Verification): string {
  return `${JSON.stringify(verification)}\n`;
}
