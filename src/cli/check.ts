import { TargetSession } from '../engine/deploy/session.js';
import { checkIds, checkLabels, type Check } from '../contract/check.js';
import { ok, type Result } from '../contract/result.js';
import { printable } from './printable.js';
import type { Command } from './arguments.js';
import { connectionParts } from './record.js';

const marks = { ok: '  ', warning: '! ', refused: 'X ' } as const;

/** What is to be printed, and whether an agent can run there. */
export interface Checked {
  readonly text: string;
  readonly canRun: boolean;
}

/** Looks at all that an agent needs on a target; changes nothing. */
export async function check(
  command: Extract<Command, { name: 'check' }>,
  signal: AbortSignal,
): Promise<Result<Checked>> {
  const session = new TargetSession({
    ...connectionParts(command.target, command.identity),
    onChange: () => undefined,
  });
  try {
    const found: Check[] = [];
    for (const each of await Promise.all(checkIds.map((id) => session.check(id, signal)))) {
      if (!each.ok) return each;
      found.push(each.value);
    }
    const canRun = !found.some(({ state }) => state === 'refused');
    return ok({ canRun, text: command.json ? asJson(found, canRun) : asText(found, canRun) });
  } finally {
    session.dispose();
  }
}

function asJson(found: readonly Check[], canRun: boolean): string {
  const checks = found.map((each) => ({ ...each, label: checkLabels[each.id] }));
  return `${JSON.stringify({ canRun, checks })}\n`;
}

/** One line a check, its advice below it, and what follows from all. */
export function asText(found: readonly Check[], canRun: boolean): string {
  const width = Math.max(...found.map(({ id }) => checkLabels[id].length));
  const lines = found.flatMap(({ id, state, found: what, advice }) => [
    `${marks[state]}${checkLabels[id].padEnd(width)}  ${printable(what)}`,
    ...(advice === undefined ? [] : [`  ${' '.repeat(width)}  ${printable(advice)}`]),
  ]);
  const verdict = canRun
    ? 'The agent can run there, as far as can be told without starting it.'
    : 'The agent cannot run there.';
  return `${lines.join('\n')}\n${verdict}\n`;
}
