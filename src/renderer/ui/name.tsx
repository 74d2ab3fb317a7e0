import type { ReactElement } from 'react';
import { visibleText } from '../format/visible-text.js';

interface NameProps {
  readonly text: string;
  readonly className?: string;
  /** More for its tooltip, harmless text; absent: the name alone. */
  readonly more?: string | undefined;
}

/** A name from outside, made harmless, cut with an ellipsis and whole in its tooltip. */
export function Name({ text, className, more = '' }: NameProps): ReactElement {
  const shown = visibleText(text);
  return (
    <bdi
      className={className === undefined ? 'clip' : `clip ${className}`}
      title={more === '' ? shown : `${shown}\n${more}`}
    >
      {shown}
    </bdi>
  );
}
