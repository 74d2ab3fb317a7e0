import { useCallback, type ReactElement } from 'react';
import { useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { Button } from '../../ui/button.js';
import { explainedSections, explainedText, type ExplainedSection } from './explain-words.js';
import type { Figure } from './figures.js';
import { useFates } from './use-fates.js';

interface ExplanationProps {
  readonly figure: Figure;
  /** What it is of, where that is not said around it. */
  readonly of?: string;
}

/** How a figure came about: how it was computed, its samples, windows and losses, and what was asked for. */
export function Explanation({ figure, of = '' }: ExplanationProps): ReactElement | null {
  const { clock, shell } = useControls();
  const { label, shown, measured } = figure;
  const fates = useFates(measured);
  const sections = explainedSections(figure, fates, clock());
  const copy = (): void => {
    const text = explainedText(of === '' ? label : `${of}, ${label}`, shown, sections);
    void shell.call('clipboard.write', { text: text }); // as everywhere
  };
  if (sections.every(({ lines }) => lines.length === 0)) return null;
  return (
    <div className="explanation selectable" role="group" aria-label={`How ${visibleText(label)} came about`}>
      {sections.map((section) => (
        <Section key={section.title} section={section} />
      ))}
      <Button tone="quiet" onClick={copy}>
        Copy
      </Button>
    </div>
  );
}

function Section({ section }: { readonly section: ExplainedSection }): ReactElement | null {
  const { title, lines } = section;
  if (lines.length === 0) return null;
  return (
    <>
      {title === '' ? null : (
        <p
          className={
            title === 'A' ? 'explained-side side-a' : title === 'B' ? 'explained-side side-b' : 'explained-side'
          }
        >
          {title}
        </p>
      )}
      <dl>
        {lines.map(({ label, text, code }) => (
          <div key={label} className="explained-line">
            <dt>{label}</dt>
            <dd className={code === true ? 'query' : undefined}>{visibleText(text)}</dd>
          </div>
        ))}
      </dl>
    </>
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
