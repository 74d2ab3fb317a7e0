import { useCallback, useEffect, useRef, useState, type ReactElement } from 'react';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { chooseSelector } from '../../state/selection-control.js';
import { selectorOf } from '../../state/services-control.js';
import { SelectorInput } from './selector-input.js';

/** What is selected, as the source is asked for it; a press on it writes another selector. */
export function SelectorField(): ReactElement {
  const controls = useControls();
  const selector = useApp(selectorOf);
  const [writing, setWriting] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const returns = useRef(false);
  const write = useCallback(() => {
    setWriting(true);
  }, []);
  const end = useCallback(
    (chosen: string | null, byKeys: boolean) => {
      returns.current = byKeys;
      setWriting(false);
      if (chosen !== null && chosen !== selector) chooseSelector(controls, chosen);
    },
    [controls, selector],
  );
  useEffect(() => {
    if (writing || !returns.current) return;
    returns.current = false;
    button.current?.focus();
  }, [writing]);
  if (writing) return <SelectorInput selector={selector} onEnd={end} />;
  const shown = visibleText(selector);
  const parts = shown.split(/("(?:[^"\\]|\\.)*")/);
  return (
    <button
      type="button"
      className="readout selector"
      ref={button}
      title={`${shown}\nClick to write another selector`}
      aria-label={`Selector ${shown === '{}' ? 'all services' : shown}`}
      onClick={write}
    >
      {shown === '{}' ? (
        <span className="mute clip">all services</span>
      ) : (
        <span className="clip">
          {parts.map((part, index) => (
            <span key={index} className={index % 2 === 1 ? 'string' : undefined}>
              {part}
            </span>
          ))}
        </span>
      )}
    </button>
  );
}
