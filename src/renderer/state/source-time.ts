import type { SourceKind } from '../../contract/selection.js';
import { targetTimeMs } from '../../contract/target-clock.js';
import type { Context } from './context.js';

/**
 * The "now" of a target's source, Unix milliseconds: its agent stamps windows by the target's clock. To one that samples no more and
 * keeps its windows it is the end of the last of them, so that "the last 15 minutes" has something to show.
 */
export function sourceTime({ store, clock }: Context, targetId: string | null, source: SourceKind): number {
  if (source !== 'agent') return clock();
  const target = store.getState().targets.find((each) => each.config.id === targetId);
  const status = target?.agent.status;
  if (target?.agent.state === 'kept' && status !== undefined && status.lastWindowEndMs > 0)
    return status.lastWindowEndMs;
  return targetTimeMs(status, clock());
}
