import type { SourceKind } from '../../contract/selection.js';
import { targetTimeMs } from '../../contract/target-clock.js';
import type { Context } from './context.js';

/** The "now" of a target's source, Unix milliseconds: its agent stamps windows by the target's clock. */
export function sourceTime({ store, clock }: Context, targetId: string | null, source: SourceKind): number {
  if (source !== 'agent') return clock();
  const target = store.getState().targets.find((each) => each.config.id === targetId);
  return targetTimeMs(target?.agent.status, clock());
}
