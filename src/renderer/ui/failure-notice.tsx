import type { ReactElement } from 'react';
import type { Failure } from '../../contract/result.js';
import { visibleText } from '../format/visible-text.js';

/** A failure where it happened: one sentence, details that unfold and can be copied. */
export function FailureNotice({ failure }: { readonly failure: Failure }): ReactElement {
  return (
    <div className="notice bad" role="alert">
      {visibleText(failure.message)}
      {failure.detail === undefined ? null : (
        <details>
          <summary>Details</summary>
          <pre>{failure.detail.split('\n').map(visibleText).join('\n')}</pre>
        </details>
      )}
    </div>
  );
}
