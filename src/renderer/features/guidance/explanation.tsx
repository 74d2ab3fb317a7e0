import { useCallback, type ReactElement } from 'react';
import { useApp, useControls } from '../../app/workbench.js';
import { currentTarget } from '../../state/targets-control.js';
import { formatValue } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import { Button } from '../../ui/button.js';
import { explainedLines, explainedText } from './explain-words.js';

/** A number that can be unfolded. */
export interface ExplainedNumber {
  /** Of which side of a view, by its place in `viewSummaries`. */
  readonly side: 0 | 1;
  readonly label: string;
  /** As it was measured. */
  readonly value: number;
  readonly meaning: string;
  /** Of the profile as it came, whatever is done to it on the screen. */
  readonly untouched?: true;
}

/** How a number came about: its samples, windows and losses, and what was asked for. */
export function Explanation({ side, label, value, meaning, untouched }: ExplainedNumber): ReactElement | null {
  const { clock, shell } = useControls();
  const summary = useApp((state) => state.viewSummaries[side]);
  const profile = useApp((state) => state.viewProfiles[side]);
  const selection = useApp((state) => state.viewSides[side] ?? null);
  const sampleType = useApp((state) => state.viewHeader?.sampleType);
  const source = useApp((state) => state.viewSource);
  const target = useApp((state) => state.targets.find(({ config }) => config.id === selection?.targetId));
  const chosen = useApp(currentTarget);
  // What the agent judged is of the range that is chosen, which is the first side's.
  const fates = useApp((state) => (side === 0 && selection !== null ? state.trust?.fates : undefined));
  const unit = sampleType?.unit ?? '';
  const column = summary?.sampleTypes.findIndex(({ type, unit: of }) => type === sampleType?.type && of === unit) ?? -1;
  const lines =
    summary === undefined || profile === undefined
      ? []
      : explainedLines(
          {
            meaning,
            value,
            unit,
            period: summary.periods[column] ?? 0,
            title: profile.title,
            format: summary.format,
            durationMs: summary.durationMs,
            selection,
            targetName: (target ?? chosen)?.config.name ?? '',
            fates,
            operations: untouched === true ? [] : (source?.operations ?? []),
          },
          clock(),
        );
  const copy = (): void => {
    void shell.call('clipboard.write', { text: explainedText(label, formatValue(value, unit), lines) }); // as everywhere
  };
  if (lines.length === 0) return null;
  return (
    <div className="explanation selectable" role="group" aria-label={`How ${label} came about`}>
      <dl>
        {lines.map((line) => (
          <div key={line.label} className="explained-line">
            <dt>{line.label}</dt>
            <dd className={line.code === true ? 'query' : undefined}>{visibleText(line.text)}</dd>
          </div>
        ))}
      </dl>
      <Button tone="quiet" onClick={copy}>
        Copy
      </Button>
    </div>
  );
}

interface NumberButtonProps {
  readonly label: string;
  readonly text: string;
  readonly open: boolean;
  readonly onToggle: (label: string) => void;
}

/** A number that unfolds to how it came about. */
export function NumberButton({ label, text, open, onToggle }: NumberButtonProps): ReactElement {
  const toggle = useCallback(() => {
    onToggle(label);
  }, [onToggle, label]);
  return (
    <button
      type="button"
      className="number-button"
      aria-expanded={open}
      title={open ? 'Fold it' : 'How did this number come about?'}
      onClick={toggle}
    >
      {text}
    </button>
  );
}
