import { useCallback, type ReactElement } from 'react';
import type { Turnover } from '../../../core/compare/turnovers.js';
import { useApp, useControls } from '../../app/workbench.js';
import { compareAround } from '../../state/comparison-control.js';
import { isComparing } from '../../state/sides.js';
import { Button } from '../../ui/button.js';
import { turnoverWords, versionWords } from '../compare/turnover-words.js';
import { xOf, type TimeScale } from './scale.js';

const mostMarks = 40;

/** Deploys and restarts on the timeline; each compares what was before it with what was after. */
export function TurnoverMarks({ scale }: { readonly scale: TimeScale }): ReactElement {
  const turnovers = useApp((state) => state.turnovers.turnovers);
  const { startMs, endMs } = scale.extent;
  const inside = turnovers.filter(({ newFromMs }) => newFromMs > startMs && newFromMs < endMs);
  return (
    <>
      {inside.slice(-mostMarks).map((turnover) => (
        <Mark key={`${turnover.service} ${turnover.newFromMs}`} turnover={turnover} scale={scale} />
      ))}
    </>
  );
}

interface MarkProps {
  readonly turnover: Turnover;
  readonly scale: TimeScale;
}

function Mark({ turnover, scale }: MarkProps): ReactElement {
  const controls = useControls();
  const compare = useCallback(() => {
    compareAround(controls, turnover);
  }, [controls, turnover]);
  const words = turnoverWords(turnover, controls.clock());
  const versions = versionWords(turnover);
  return (
    <button
      type="button"
      className="turnover"
      data-kind={turnover.kind}
      style={{ left: `${xOf(scale, turnover.newFromMs)}px` }}
      title={[words, versions, 'Click to compare before and after'].filter((line) => line !== '').join('\n')}
      aria-label={`${words}, compare before and after`}
      onClick={compare}
    >
      {turnover.kind === 'deploy' ? '▲' : '↻'}
    </button>
  );
}

/** Proposes the comparison around the last deploy or restart, as long as nothing is compared. */
export function TurnoverProposal(): ReactElement | null {
  const controls = useControls();
  const last = useApp((state) => (isComparing(state) ? undefined : state.turnovers.turnovers.at(-1)));
  const compare = useCallback(() => {
    if (last !== undefined) compareAround(controls, last);
  }, [controls, last]);
  if (last === undefined) return null;
  return (
    <Button tone="quiet" className="turnover-proposal" onClick={compare}>
      {turnoverWords(last, controls.clock())}: compare before and after
    </Button>
  );
}
