import type { ReactElement } from 'react';
import type { DotShape } from './target-words.js';

/** A state as a shape and a colour, so that neither is needed alone. */
export function StateDot({ shape }: { readonly shape: DotShape }): ReactElement {
  return (
    <svg className="state-dot" width="10" height="10" viewBox="0 0 10 10" aria-hidden="true" fill="none">
      <Shape shape={shape} />
    </svg>
  );
}

function Shape({ shape }: { readonly shape: DotShape }): ReactElement {
  switch (shape) {
    case 'on':
      return <circle cx="5" cy="5" r="4" fill="var(--ok)" />;
    case 'busy':
      return <path d="M5 1a4 4 0 1 1-4 4" stroke="var(--warn)" strokeWidth="2" />;
    case 'ready':
      return <circle cx="5" cy="5" r="3.2" stroke="var(--ok)" strokeWidth="1.6" />;
    case 'off':
      return <circle cx="5" cy="5" r="3.2" stroke="var(--faint)" strokeWidth="1.6" />;
    case 'warning':
      return <path d="M5 .6L9.4 5 5 9.4.6 5z" fill="var(--warn)" />;
    case 'failed':
      return <path d="M5 .8L9.4 9H.6z" fill="var(--danger)" />;
  }
}
