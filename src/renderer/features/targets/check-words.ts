import { checkLabels, type Check } from '../../../contract/check.js';

/** What follows from all checks. */
export function checksVerdict(checks: readonly Check[]): string {
  const refused = checks.filter(({ state }) => state === 'refused').length;
  if (refused > 0) {
    return `The agent cannot run there: ${refused === 1 ? '1 thing is' : `${refused} things are`} in its way.`;
  }
  return 'The agent can run there, as far as can be told without starting it.';
}

/** The checks as text, to be pasted to whoever looks after the server. */
export function checksText(targetName: string, checks: readonly Check[]): string {
  const lines = checks.flatMap(({ id, state, found, advice }) => [
    `${state.padEnd(8)} ${checkLabels[id]}: ${found}`,
    ...(advice === undefined ? [] : [`         ${advice}`]),
  ]);
  return `${targetName}\n${lines.join('\n')}\n${checksVerdict(checks)}\n`;
}
