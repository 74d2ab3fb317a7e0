import { useCallback, type ReactElement } from 'react';
import type { Turnover } from '../../../core/compare/turnovers.js';
import { useApp, useControls } from '../../app/workbench.js';
import { compareAround } from '../../state/comparison-control.js';
import { isComparing } from '../../state/sides.js';
import { Button } from '../../ui/button.js';
import { startWords, turnoverWords, versionWords } from '../compare/turnover-words.js';
import { xOf, type TimeScale } from './scale.js';

const mostMarks = 40;

/** Starts of containers, deploys and restarts on the timeline; of the latter each compares what was before it with what was after. */
export function TurnoverMarks({ scale }: { readonly scale: TimeScale }): ReactElement {
  const { clock } = useControls();
  const { turnovers, starts } = useApp((state) => state.turnovers);
  const isInside = (timeMs: number): boolean => timeMs > scale.extent.startMs && timeMs < scale.extent.endMs;
  const inside = turnovers.filter(({ newFromMs }) => isInside(newFromMs));
  return (
    <>
      {starts
        .filter(({ atMs }) => isInside(atMs))
        .slice(-mostMarks)
        .map((start) => {
          const words = startWords(start, clock());
          return (
            <span
              key={`${start.service} ${start.container} ${start.atMs}`}
              className="turnover"
              data-kind="start"
              role="img"
              aria-label={words}
              title={words}
              style={{ left: `${xOf(scale, start.atMs)}px` }}
            >
              +
            </span>
          );
        })}
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
  const words = `${turnoverWords(last, controls.clock())}: compare before and after`;
  return (
    <Button tone="quiet" className="turnover-proposal" title={words} onClick={compare}>
      {words}
    </Button>
  );
}
