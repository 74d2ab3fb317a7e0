import { useCallback, type ReactElement } from 'react';
import type { Certainty } from '../../../contract/certainty.js';
import { historyWords } from '../../../core/compare/sentences.js';
import { useApp, useWorkbench } from '../../app/workbench.js';
import { formatCount, plural } from '../../format/numbers.js';
import { Button } from '../../ui/button.js';
import { FailureNotice } from '../../ui/failure-notice.js';
import { WindowsProgress } from './windows-progress.js';

const whyNone = {
  'other-sides': 'Not judged against earlier pairs: A and B are not the same service.',
  'too-long':
    'Not judged against earlier pairs: 20 pairs of ranges as long as these are too many windows. Up to 30 minutes a side are few enough.',
  cancelled: 'Not judged against earlier pairs: that was cancelled.',
} as const;

/** Whether the comparison was judged by earlier pairs of ranges as well, how far that is, or what it would cost. */
export function EarlierNote({ certainty }: { readonly certainty: Certainty }): ReactElement | null {
  const { certainty: control } = useWorkbench();
  const state = useApp((app) => app.earlier);
  const measure = useCallback(() => {
    control.measureEarlier();
  }, [control]);
  const cancel = useCallback(() => {
    control.cancelEarlier();
  }, [control]);
  switch (state.phase) {
    case 'idle':
      return null;
    case 'ready':
      return certainty.history === undefined ? null : <p className="details-hint">{historyWords(certainty.history)}</p>;
    case 'none':
      return (
        <>
          <p className="details-hint">{whyNone[state.why]}</p>
          {state.why === 'cancelled' ? <Button onClick={measure}>Judge by earlier pairs</Button> : null}
        </>
      );
    case 'cost': {
      const { requests, windows, windowMs } = state.cost;
      return (
        <>
          <p className="details-hint">
            Whether earlier pairs of ranges differ as much would take {plural(requests, 'slice', 'slices')} of{' '}
            {windowMs / 1000} s{requests < windows ? ` (${formatCount(windows - requests)} are here already)` : ''},
            four at once.
          </p>
          <Button onClick={measure}>Judge by earlier pairs</Button>
        </>
      );
    }
    case 'loading':
      return <WindowsProgress what="earlier windows" done={state.done} of={state.of} cancel={cancel} />;
    case 'judging':
      return (
        <div className="changes-progress" role="status">
          <span className="mute">Comparing earlier pairs</span>
          <Button tone="quiet" onClick={cancel}>
            Cancel
          </Button>
        </div>
      );
    case 'failed':
      return (
        <>
          <FailureNotice failure={state.failure} />
          <Button onClick={measure}>Judge by earlier pairs</Button>
        </>
      );
  }
}
