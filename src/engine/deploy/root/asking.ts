import { fail, type Failure } from '../../../contract/result.js';
import type { Link } from '../../link/link.js';
import type { Prompter } from '../../link/prompter.js';
import type { TargetFacts } from '../facts.js';

/** What a person is told who is asked for a password. */
export interface Purpose {
  /** What runs as root: "the agent", or a name that stands at the beginning of a sentence as it is. */
  readonly who?: string;
  /** A sentence. */
  readonly why: string;
}

const starting: Purpose = { why: 'The agent needs root to use eBPF.' };

/** Where root is needed, why, and who can give it. */
export interface Asking {
  readonly link: Link;
  readonly facts: TargetFacts;
  readonly prompter: Prompter;
  readonly targetId: string;
  /** What the question calls the target: "this computer" or a host. */
  readonly targetName: string;
  /** Why root is needed; default: to start the agent. */
  readonly purpose?: Purpose;
}

/** What becomes of a password: sudo gets it once and it is let go, or it is kept for the next sudo. */
export type Use = 'once' | 'kept';

/** Asks the user for sudo's password; undefined when none is given. */
export async function askPassword(
  { prompter, targetId, targetName, facts, purpose = starting }: Asking,
  use: Use,
  again: boolean,
  signal: AbortSignal,
): Promise<string | undefined> {
  const wayOfIt =
    use === 'once'
      ? `The password goes to sudo on ${targetName} and is neither kept nor stored: what sudo starts then does all that needs root until you disconnect.`
      : `The password goes to sudo on ${targetName}, is kept in memory until you disconnect, and is not stored.`;
  const answers = await prompter.askSecret(
    {
      targetId,
      title: `sudo password of ${facts.user} on ${targetName}`,
      explanation: `${again ? 'sudo did not accept that password. ' : ''}${purpose.why} ${wayOfIt}`,
      fields: [{ label: 'Password', echo: false }],
    },
    signal,
  );
  return answers?.[0];
}

/** What needs root, as a sentence begins. */
export function sentenceBegin({ purpose }: Asking): string {
  return purpose?.who ?? 'The agent';
}

export function notGiven(asking: Asking): { ok: false; failure: Failure } {
  return fail('cancelled', `${sentenceBegin(asking)} needs root, and the password was not given.`);
}

/** @param said sudo's words */
export function notAccepted({ facts, purpose, targetName }: Asking, said: string): { ok: false; failure: Failure } {
  return fail(
    'no-sudo',
    `sudo did not let "${facts.user}" run ${purpose?.who ?? 'the agent'} on ${targetName}: check the password, and that the user may use sudo.`,
    said.slice(-2000),
  );
}
