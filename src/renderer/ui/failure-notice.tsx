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

interface DetailProps {
  readonly detail: string | undefined;
  /** Unfolded from the start: where it is all that there is to see, as both fingerprints of a changed host key. */
  readonly open?: boolean;
}

/** What was said, behind a fold: lines that can be selected and copied. */
export function FailureDetail({ detail, open = false }: DetailProps): ReactElement | null {
  if (detail === undefined) return null;
  return (
    <details className="failure-detail" open={open}>
      <summary>Details</summary>
      <pre className="selectable">{detail.split('\n').map(visibleText).join('\n')}</pre>
    </details>
  );
}
