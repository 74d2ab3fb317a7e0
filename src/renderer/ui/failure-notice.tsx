import type { ReactElement } from 'react';
import type { Failure } from '../../contract/result.js';
import { visibleText } from '../format/visible-text.js';

/** A failure where it happened: one sentence, details that unfold and can be copied. */
export function FailureNotice({ failure }: { readonly failure: Failure }): ReactElement {
  return (
    <div className="notice bad" role="alert">
      {visibleText(failure.message)}
      <FailureDetail detail={failure.detail} />
    </div>
  );
}

/** What was said, behind a fold: lines that can be selected and copied. */
export function FailureDetail({ detail }: { readonly detail: string | undefined }): ReactElement | null {
  if (detail === undefined) return null;
  return (
    <details className="failure-detail">
      <summary>Details</summary>
      <pre className="selectable">{detail.split('\n').map(visibleText).join('\n')}</pre>
    </details>
  );
}
