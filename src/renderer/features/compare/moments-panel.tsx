import { useCallback, type ReactElement } from 'react';
import type { TimeChange } from '../../../contract/time-changes.js';
import { nearestEvent } from '../../../core/compare/nearest-event.js';
import { changeAmount, changeKind, changeSentence } from '../../../core/compare/sentences.js';
import { useApp, useControls, useWorkbench } from '../../app/workbench.js';
import { plural } from '../../format/numbers.js';
import { formatMoment } from '../../format/times.js';
import { visibleText } from '../../format/visible-text.js';
import { compareAtMoment, hasMoments } from '../../state/moments-control.js';
import { Button } from '../../ui/button.js';
import { FailureNotice } from '../../ui/failure-notice.js';
import { turnoverWords } from './turnover-words.js';

/** An event that lies farther from a moment than so many steps in which it is known is another story. */
const nearSteps = 2;
const mostCauses = 3;

/** The moments at which functions went to another level in what is shown, once somebody asked for them. */
export function MomentsPanel(): ReactElement | null {
  const { moments: control } = useWorkbench();
  const shown = useApp(hasMoments);
  const state = useApp((app) => app.moments);
  const find = useCallback(() => {
    void control.find(false); // shows its own failure
  }, [control]);
  const agree = useCallback(() => {
    void control.find(true); // as above
  }, [control]);
  const cancel = useCallback(() => {
    control.cancel();
  }, [control]);
  if (!shown) return null;
  return (
    <section aria-label="When it changed" className="changes">
      <h3>When it changed</h3>
      {state.phase === 'idle' ? <Button onClick={find}>Find changes in this range</Button> : null}
      {state.phase === 'cost' ? (
        <>
          <p className="details-hint">
            Pyroscope has to be asked for {plural(state.cost.requests, 'slice', 'slices')} of{' '}
            {state.cost.windowMs / 1000} s, four at once.
          </p>
          <Button onClick={agree}>Find changes</Button>
        </>
      ) : null}
      {state.phase === 'loading' ? (
        <div className="changes-progress" role="status">
          <progress aria-label="Windows" />
          <span className="mute">{plural(state.done, 'window', 'windows')}</span>
          <Button tone="quiet" onClick={cancel}>
            Cancel
          </Button>
        </div>
      ) : null}
      {state.phase === 'failed' ? <FailureNotice failure={state.failure} /> : null}
      {state.phase === 'ready' ? (
        state.found.changes.length === 0 ? (
          <p className="details-hint">
            {state.found.windows < state.found.leastWindows
              ? `${plural(state.found.windows, 'window', 'windows')}: fewer than ${state.found.leastWindows} cannot tell a change from chance. Choose a longer range.`
              : `No function went to another level for certain in ${plural(state.found.windows, 'window', 'windows')}.`}
          </p>
        ) : (
          <ol className="changes-list">
            {state.found.changes.map((change) => (
              <Moment key={change.atMs} change={change} unit={state.found.sampleType.unit} />
            ))}
          </ol>
        )
      ) : null}
    </section>
  );
}

function Moment({ change, unit }: { readonly change: TimeChange; readonly unit: string }): ReactElement {
  const controls = useControls();
  const { turnovers, stepMs } = useApp((state) => state.turnovers);
  const compare = useCallback(() => {
    compareAtMoment(controls, change);
  }, [controls, change]);
  const nowMs = controls.clock();
  const event = nearestEvent(change.atMs, turnovers, nearSteps * stepMs);
  const [first] = change.causes;
  const kind = first === undefined ? 'same' : changeKind(first);
  const more = change.causes.length - mostCauses;
  return (
    <li>
      <button type="button" className="change" onClick={compare} title="Compare before and after">
        <span className="change-name clip">{formatMoment(change.atMs, nowMs, true)}</span>
        <span className={`change-amount ${kind === 'slower' || kind === 'new' ? 'more' : 'less'}`}>
          {first === undefined ? '' : changeAmount(first)}
        </span>
        <span className="change-words">
          {change.causes
            .slice(0, mostCauses)
            .map((cause) => changeSentence(visibleText(cause.name), cause, unit, change.whole))
            .join('. ')}
          {more > 0 ? `, and ${more} more` : ''}.
          {event === undefined ? '' : ` Nearest: ${turnoverWords(event, nowMs)}.`}
        </span>
      </button>
    </li>
  );
}
