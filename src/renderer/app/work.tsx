import { useCallback, type ReactElement } from 'react';
import { visibleText } from '../format/visible-text.js';
import { cancelOpening } from '../state/documents-control.js';
import { Button } from '../ui/button.js';
import { Spinner } from '../ui/icons.js';
import { useEscape } from './use-escape.js';
import { useLate } from './use-late.js';
import { useApp, useWorkbench } from './workbench.js';

const nothing = (): void => undefined;

/** What is shorter needs no word. */
const noticedMs = 300;

/** What the window waits for: a file on its way to a document, else the view. */
interface Work {
  /** The file that is being opened; "" where it is the view. */
  readonly title: string;
  /** What is being done; "" where that is not known yet. */
  readonly step: string;
  /** From 0 to 1; null where it cannot be told. */
  readonly share: number | null;
  readonly cancel: () => void;
}

/** Without decimals, which would only flicker; nothing where it is not known. */
function percent(share: number | null): string {
  return share === null ? '' : `${Math.round(share * 100)}\u202f%`;
}

/** What is being loaded; null when nothing is. */
export function useWork(): Work | null {
  const { view } = useWorkbench();
  const file = useApp((state) => state.opening[0]);
  const loading = useApp((state) => state.viewPhase === 'loading');
  const step = useApp((state) => state.viewStep);
  const share = useApp((state) => state.viewShare);
  const profileId = file?.profileId;
  const cancel = useCallback(() => {
    if (profileId === undefined) view.cancel();
    else cancelOpening(profileId);
  }, [view, profileId]);
  if (file !== undefined) return { title: visibleText(file.title), step: file.step, share: file.share, cancel };
  return loading ? { title: '', step, share, cancel } : null;
}

/** Beside the tabs: what is being done while the picture before stays, how far it is, and what ends it. */
export function WorkStatus(): ReactElement {
  const work = useWork();
  const late = useLate(work !== null, noticedMs);
  useEscape(late, work?.cancel ?? nothing);
  return (
    <span className="work" role="status">
      {late && work !== null ? (
        <>
          <Spinner />
          {work.title === '' ? null : (
            <span className="clip" title={work.title}>
              {work.title}
            </span>
          )}
          <span>{work.step}</span>
          {/* Read out once and not at each percent. */}
          <span aria-hidden="true">{percent(work.share)}</span>
          <Button tone="quiet" onClick={work.cancel} title="Esc">
            Cancel
          </Button>
        </>
      ) : null}
    </span>
  );
}

/** Along the top of the view: how far the next picture is. */
export function WorkLine(): ReactElement | null {
  const work = useWork();
  const late = useLate(work !== null, noticedMs);
  if (!late || work?.share == null) return null;
  return <progress className="work-line" value={work.share} aria-label="Loading" />;
}

/** Where no picture is yet: the same, large. */
export function WorkInstead({ share, cancel }: Pick<Work, 'share' | 'cancel'>): ReactElement | null {
  const late = useLate(true, noticedMs);
  useEscape(late, cancel);
  if (!late) return null;
  return (
    <div className="steps">
      <progress {...(share === null ? {} : { value: share })} aria-label="Loading" />
      <span className="mute" aria-hidden="true">
        {percent(share)}
      </span>
      <Button onClick={cancel} title="Esc">
        Cancel
      </Button>
    </div>
  );
}
