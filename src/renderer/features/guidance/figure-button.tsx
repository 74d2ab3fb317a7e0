import { useCallback, type MouseEvent, type ReactElement } from 'react';
import { useControls } from '../../app/workbench.js';
import { figuresAround, pointBelow } from './find-figures.js';

/** A number that is explained at a press; what it is made of says the surface that it stands in. */
export function FigureButton({ text }: { readonly text: string }): ReactElement {
  const { explaining } = useControls();
  const explain = useCallback(
    ({ currentTarget }: MouseEvent<HTMLButtonElement>) => {
      const set = figuresAround({ target: currentTarget });
      if (set !== null) explaining.set({ set, ...pointBelow(currentTarget), returnTo: currentTarget });
    },
    [explaining],
  );
  return (
    <button
      type="button"
      className="number-button"
      aria-haspopup="dialog"
      title="How did this number come about?"
      onClick={explain}
    >
      {text}
    </button>
  );
}
