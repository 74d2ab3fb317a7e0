import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Turnovers } from '../contract/links.js';
import { fail, ok, type Result } from '../contract/result.js';
import type { TimeChange, TimeChanges } from '../contract/time-changes.js';
import { eventWords, nearestEvent } from '../core/compare/nearest-event.js';
import { changeSentence, intervalWords } from '../core/compare/sentences.js';
import { plural } from '../core/words/numbers.js';
import { loadDecoder } from '../engine/profiles/native.js';
import { ProfileStore } from '../engine/profiles/store.js';
import { timeChanges } from '../engine/profiles/time-changes.js';
import type { Command } from './arguments.js';
import { agreesToCost } from './cost-question.js';
import { SelectionReader } from './diff-selection.js';
import { printable } from './printable.js';
import type { Progress } from './progress.js';

const memoryBudget = 4 * 2 ** 30;
/** An event that lies farther from a moment than so many steps in which it is known is another story. */
const nearSteps = 2;

/** Tells when functions of a selection went to another level, and what happened then. */
export async function changes(
  command: Extract<Command, { name: 'changes' }>,
  progress: Progress,
  signal: AbortSignal,
): Promise<Result<string>> {
  const decoder = loadDecoder();
  const { asking, selection: text, json } = command;
  const reader = new SelectionReader({ decoder, asking, progress, signal });
  const spoolDir = await mkdtemp(join(tmpdir(), 'pyrometer-spool-'));
  const store = new ProfileStore({ spoolDir, decoder, memoryBudget });
  try {
    const cost = await reader.cost([text]);
    if (!cost.ok) return cost;
    if (!asking.yes && !(await agreesToCost(cost.value, 'leave it'))) return fail('cancelled', 'Cancelled.');
    const read = await reader.read(text);
    if (!read.ok) return read;
    const { title, bytes, windows, selection } = read.value;
    if (windows === undefined) return fail('unsupported', `${text.source} has no windows to look for changes in.`);
    const turnovers = await reader.turnovers(text, selection);
    progress.done('');
    if (windows.windowCount === 0) return fail('not-found', `"${title}" has no samples in that time.`);
    await writeFile(join(spoolDir, 'profile'), bytes, { mode: 0o600 });
    const found = await timeChanges(store, 'profile', windows, signal);
    if (!found.ok) return found;
    return ok(json ? asJson(title, found.value, turnovers) : asText(title, found.value, turnovers));
  } catch (error) {
    if (signal.aborted) return fail('cancelled', 'Cancelled.');
    throw error;
  } finally {
    reader.dispose();
    store.dispose();
    await rm(spoolDir, { recursive: true, force: true });
  }
}

function eventAt({ atMs }: TimeChange, { turnovers, stepMs }: Turnovers): string | undefined {
  const event = nearestEvent(atMs, turnovers, nearSteps * stepMs);
  return event === undefined ? undefined : eventWords(event);
}

function asText(title: string, found: TimeChanges, turnovers: Turnovers): string {
  const { changes: points, windows, leastWindows, sampleType } = found;
  const lines = [`${printable(title)}, ${plural(windows, 'window', 'windows')}`, ''];
  for (const point of points) {
    const event = eventAt(point, turnovers);
    lines.push(`${new Date(point.atMs).toISOString()}${event === undefined ? '' : `, when ${printable(event)}`}`);
    for (const cause of point.causes) {
      lines.push(
        `  ${changeSentence(printable(cause.name), cause, sampleType.unit, point.whole)}`,
        `      95 % interval ${intervalWords(cause, sampleType.unit)}`,
        `      at ${cause.path.map(printable).join(' > ')}`,
      );
    }
    lines.push('');
  }
  if (points.length === 0) {
    lines.push(
      windows < leastWindows
        ? `Fewer than ${leastWindows} windows cannot tell a change from chance: choose a longer range.`
        : 'No function went to another level for certain.',
    );
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

function asJson(title: string, { sampleType, windows, changes: points }: TimeChanges, turnovers: Turnovers): string {
  const told = points.map((point) => ({
    at: new Date(point.atMs).toISOString(),
    event: eventAt(point, turnovers) ?? null,
    whole: point.whole,
    causes: point.causes,
  }));
  return `${JSON.stringify({ version: 1, title, sampleType, windows, changes: told }, null, 2)}\n`;
}
