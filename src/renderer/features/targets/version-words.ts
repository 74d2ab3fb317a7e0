import type { TargetState } from '../../../contract/target.js';

/** What the window says of an agent that is not the one of this app. */
export interface VersionWords {
  /** One sentence. */
  readonly sentence: string;
  /** What is offered: "Upgrade…"; undefined where the agent is kept unless somebody asks for it in the menu. */
  readonly offer?: string;
}

/** Says that another agent than this app's runs on a target; undefined where it is the same, or none runs. */
export function versionWords({ agent }: TargetState): VersionWords | undefined {
  const { replacement, status } = agent;
  if (agent.state !== 'profiling' || replacement === undefined || status === undefined) return undefined;
  const [there, ours] = [status.version, replacement.version];
  switch (replacement.running) {
    case 'older':
      return { sentence: `The agent there is ${there}, older than this app’s ${ours}.`, offer: 'Upgrade…' };
    case 'other':
      return { sentence: `The agent there is ${there}, another build than this app’s ${ours}.`, offer: 'Replace…' };
    case 'newer':
      return { sentence: `The agent there is ${there}, newer than this app’s ${ours}: it is kept.` };
  }
}

/** What the dialog asks before an agent is restarted. */
export interface RestartWords {
  /** Goes before "the agent on web-1". */
  readonly verb: 'Restart' | 'Upgrade' | 'Replace' | 'Downgrade';
  /** Both versions, where they differ. */
  readonly versions: string;
}

/** Says what a restart by this app comes to. */
export function restartWords({ agent }: TargetState): RestartWords {
  const { replacement, status } = agent;
  if (replacement === undefined || status === undefined) return { verb: 'Restart', versions: '' };
  const versions = `${status.version} runs there; ${replacement.version} of this app takes its place.`;
  switch (replacement.running) {
    case 'older':
      return { verb: 'Upgrade', versions };
    case 'other':
      return { verb: 'Replace', versions };
    case 'newer':
      return {
        verb: 'Downgrade',
        versions: `${status.version} runs there and is newer; the older ${replacement.version} of this app takes its place, and may not know all that it stored.`,
      };
  }
}
