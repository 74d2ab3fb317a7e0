import { useCallback, useState, type ReactElement, type SyntheticEvent } from 'react';
import { useApp, useControls } from '../../app/workbench.js';
import { formatRange, formatSpan, fromLocalField, toLocalField } from '../../format/times.js';
import { pinBaseline } from '../../state/comparison-control.js';
import { chooseComparison, chooseRange, currentExtent, isPinned } from '../../state/selection-control.js';
import type { TimeRange } from '../../state/time-range.js';
import { Button } from '../../ui/button.js';
import { TextField } from '../../ui/fields.js';
import { Popover } from '../../ui/menu.js';

/** The chosen range, or both of a comparison, in words; opens to exact times. */
export function RangeField(): ReactElement {
  const range = useApp((state) => state.range);
  const comparison = useApp((state) => state.comparison);
  const extentStartMs = useApp((state) => currentExtent(state).startMs);
  const extentEndMs = useApp((state) => currentExtent(state).endMs);
  const shown = range ?? { startMs: extentStartMs, endMs: extentEndMs };
  return comparison === null ? (
    <RangeButton side="range" range={shown} letter="" />
  ) : (
    <>
      <RangeButton side="range" range={shown} letter="A" />
      <RangeButton side="comparison" range={comparison} letter="B" />
    </>
  );
}

interface RangeButtonProps {
  readonly side: 'range' | 'comparison';
  readonly range: TimeRange;
  readonly letter: '' | 'A' | 'B';
}

function RangeButton({ side, range, letter }: RangeButtonProps): ReactElement {
  const { clock } = useControls();
  const words = formatRange(range.startMs, range.endMs, clock());
  return (
    <Popover
      role="dialog"
      label="Range"
      align="end"
      button={(props) => (
        <Button className="range-button" title={words} {...props}>
          <span className="hidden-visually">Range</span>
          {letter === '' ? null : <b className={letter === 'A' ? 'side-a' : 'side-b'}>{letter}</b>}
          {words}
          <span className="mute span" aria-hidden="true">
            {formatSpan(range.endMs - range.startMs)}
          </span>
        </Button>
      )}
    >
      {(close) => <RangeForm side={side} range={range} close={close} />}
    </Popover>
  );
}

interface RangeFormProps {
  readonly side: 'range' | 'comparison';
  readonly range: TimeRange;
  readonly close: () => void;
}

function RangeForm({ side, range, close }: RangeFormProps): ReactElement {
  const controls = useControls();
  const [start, setStart] = useState(() => toLocalField(range.startMs));
  const [end, setEnd] = useState(() => toLocalField(range.endMs));
  const startMs = fromLocalField(start);
  const endMs = fromLocalField(end);
  const fits = startMs !== undefined && endMs !== undefined && startMs < endMs;
  const apply = useCallback(
    (event: SyntheticEvent) => {
      event.preventDefault();
      if (startMs === undefined || endMs === undefined || startMs >= endMs) return;
      const chosen = { startMs, endMs };
      if (side === 'range') chooseRange(controls, chosen);
      else chooseComparison(controls, chosen);
      close();
    },
    [startMs, endMs, side, controls, close],
  );
  const pinned = useApp(isPinned);
  const comparing = useApp((state) => state.comparison !== null);
  const pin = useCallback(() => {
    pinBaseline(controls, !pinned);
    close();
  }, [controls, pinned, close]);
  const clear = useCallback(() => {
    chooseRange(controls, null);
    close();
  }, [controls, close]);
  return (
    <form className="range-form" onSubmit={apply}>
      <TextField label="From" type="datetime-local" value={start} onChange={setStart} />
      <TextField
        label="To"
        type="datetime-local"
        value={end}
        onChange={setEnd}
        error={fits ? undefined : 'The end must be after the beginning.'}
      />
      <p className="field-hint">Or drag on the timeline; Shift-drag chooses a second range to compare with.</p>
      <div className="range-buttons">
        <Button tone="quiet" onClick={clear}>
          Whole timeline
        </Button>
        {side === 'range' && comparing ? (
          <Button tone="quiet" aria-pressed={pinned} onClick={pin} title="A stays, whatever is chosen next">
            {pinned ? 'Unpin A' : 'Pin A'}
          </Button>
        ) : null}
        <Button type="submit" tone="accent" disabled={!fits}>
          Apply
        </Button>
      </div>
    </form>
  );
}
