import { useCallback, useRef, type ReactElement } from 'react';
import { useApp, useControls } from '../../app/workbench.js';
import { formatMoment } from '../../format/times.js';
import { visibleText } from '../../format/visible-text.js';
import { hasTrust } from '../../state/trust-control.js';
import { FailureNotice } from '../../ui/failure-notice.js';
import { CopyIcon } from '../../ui/icons.js';
import { FigureButton } from '../guidance/figure-button.js';
import { useFigures } from '../guidance/find-figures.js';
import { figuresOfTrust } from './trust-figures.js';
import { trustNotes, trustRows, type TrustNote, type TrustRow } from './trust-words.js';
import { VerifyPanel } from './verify-panel.js';

/** How far the samples that are shown can be believed, and what would mend the rest. */
export function TrustPanel(): ReactElement | null {
  const { clock, store } = useControls();
  const panel = useRef<HTMLElement>(null);
  const shown = useApp(hasTrust);
  const trust = useApp((state) => state.trust);
  const phase = useApp((state) => state.trustPhase);
  const failure = useApp((state) => state.trustFailure);
  const rows = trust === null ? [] : trustRows(trust, (timeMs) => formatMoment(timeMs, clock(), true));
  const notes = trust === null ? [] : trustNotes(trust);
  useFigures(panel, ({ target }) => {
    const item = target.closest('.trust-rows tr, .trust-notes li');
    if (trust === null || item === null) return null;
    const place = [...(item.parentElement?.children ?? [])].indexOf(item);
    const chosen = item instanceof HTMLTableRowElement ? place : rows.length + place;
    return figuresOfTrust(store.getState(), trust, rows, notes, chosen);
  });
  if (!shown || phase === 'idle') return null;
  return (
    <section aria-label="Trust" className="trust" ref={panel}>
      <h3>Trust</h3>
      {failure === null ? null : <FailureNotice failure={failure} />}
      {phase === 'loading' ? <p className="details-hint">Asking the agent …</p> : null}
      {trust === null ? null : trust.totalNs === 0 && trust.fates === undefined ? (
        <p className="details-hint">Nothing was sampled here: there is nothing to judge.</p>
      ) : (
        <>
          <table className="numbers trust-rows">
            <tbody>
              {rows.map((row) => (
                <Verdict key={row.label} row={row} />
              ))}
            </tbody>
          </table>
          <Notes notes={notes} />
          <VerifyPanel />
        </>
      )}
    </section>
  );
}

/** State has a shape as well as a colour: a filled dot is as it should be, a triangle wants a look. */
function Verdict({ row }: { readonly row: TrustRow }): ReactElement {
  return (
    <tr title={visibleText(row.title)}>
      <th scope="row">
        <span className={`verdict ${row.tone ?? 'none'}`} aria-hidden="true" />
        {visibleText(row.label)}
      </th>
      <td className="selectable">
        <FigureButton text={visibleText(row.value)} />
        {row.tone === 'warn' ? <span className="hidden-visually">, look at this</span> : null}
      </td>
    </tr>
  );
}

function Notes({ notes }: { readonly notes: readonly TrustNote[] }): ReactElement | null {
  if (notes.length === 0) return null;
  return (
    <ul className="trust-notes" aria-label="What would mend it">
      {notes.map((note) => (
        <Note key={note.text} note={note} />
      ))}
    </ul>
  );
}

function Note({ note }: { readonly note: TrustNote }): ReactElement {
  const { shell } = useControls();
  const copy = useCallback(() => {
    void shell.call('clipboard.write', { text: note.text }); // nothing to say when it fails
  }, [shell, note]);
  return (
    <li>
      <span className="trust-share" title={note.shareTitle}>
        {note.share}
      </span>
      <span className="trust-text selectable" title={visibleText(note.text)}>
        {visibleText(note.text)}
      </span>
      <button type="button" className="icon-button" aria-label="Copy" title="Copy" onClick={copy}>
        <CopyIcon />
      </button>
    </li>
  );
}
