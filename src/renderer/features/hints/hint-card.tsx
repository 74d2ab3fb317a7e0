import { useCallback, useEffect, useId, type KeyboardEvent, type ReactElement } from 'react';
import { hintIds, type HintId } from '../../../contract/settings.js';
import { useApp, useControls } from '../../app/workbench.js';
import { changeSettings } from '../../state/settings-control.js';
import { Button } from '../../ui/button.js';
import { currentHint, hints } from './hints.js';

/** One sentence about a part of the window, in the corner; the part is marked meanwhile. Seen once, it never comes back. */
export function HintCard(): ReactElement | null {
  const id = useApp(currentHint);
  return id === null ? null : <Card key={id} id={id} />;
}

function Card({ id }: { readonly id: HintId }): ReactElement {
  const controls = useControls();
  const titleId = useId();
  const { title, text } = hints[id];
  const seen = useCallback(() => {
    const { hintsSeen } = controls.store.getState().settings;
    if (!hintsSeen.includes(id)) changeSettings(controls, { hintsSeen: [...hintsSeen, id] });
  }, [controls, id]);
  const seenAll = useCallback(() => {
    const { hintsSeen } = controls.store.getState().settings;
    changeSettings(controls, { hintsSeen: [...new Set([...hintsSeen, ...hintIds])] });
  }, [controls]);
  const onKeyDown = useCallback(
    (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      seen();
    },
    [seen],
  );
  useEffect(() => {
    const part = document.querySelector<HTMLElement>(`[data-hint="${id}"]`);
    if (part === null) return undefined;
    part.dataset['hinted'] = '';
    return () => {
      delete part.dataset['hinted'];
    };
  }, [id]);
  return (
    <aside className="hint" aria-labelledby={titleId} onKeyDown={onKeyDown}>
      <p id={titleId} className="hint-title">
        {title}
      </p>
      <p className="hint-text" aria-live="polite">
        {text}
      </p>
      <div className="hint-foot">
        <Button tone="quiet" onClick={seenAll}>
          No hints
        </Button>
        <Button onClick={seen}>Got it</Button>
      </div>
    </aside>
  );
}
