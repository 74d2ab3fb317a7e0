import { useCallback, useRef, type ReactElement } from 'react';
import type { SummaryPart } from '../../../core/guidance/summary.js';
import { partWords, summaryWords } from '../../../core/guidance/summary-words.js';
import { useApp, useControls } from '../../app/workbench.js';
import { formatShare } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import { showTab } from '../../state/panes.js';
import { CopyIcon } from '../../ui/icons.js';
import { IconButton } from '../../ui/button.js';
import { useFigures, type FigurePlace } from './find-figures.js';
import { figuresOfPart } from './summary-figures.js';
import { useSummary } from './use-summary.js';

/** Where the time goes, in words; a press on a part finds it in the graph, or in the table, and a second one lets it go. */
export function SummaryPanel(): ReactElement | null {
  const { shell, store } = useControls();
  const parts = useSummary();
  const list = useRef<HTMLUListElement>(null);
  const copy = useCallback(() => {
    if (parts !== null) void shell.call('clipboard.write', { text: visibleText(summaryWords(parts)) }); // as everywhere
  }, [shell, parts]);
  const figuresAt = useCallback(
    ({ target }: FigurePlace) => {
      const item = target.closest('li');
      const part = item === null ? undefined : parts?.[[...(item.parentElement?.children ?? [])].indexOf(item)];
      return part === undefined ? null : figuresOfPart(store.getState(), part);
    },
    [store, parts],
  );
  useFigures(list, figuresAt);
  if (parts === null) return null;
  return (
    <section aria-label="In words" className="summary">
      <div className="summary-head">
        <h2 className="details-title">In words</h2>
        <IconButton label="Copy the summary" onClick={copy}>
          <CopyIcon />
        </IconButton>
      </div>
      {parts.length === 0 ? (
        <p className="details-hint">{summaryWords(parts)}</p>
      ) : (
        <ul ref={list}>
          {parts.map((part) => (
            <Part key={part.query} part={part} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Part({ part }: { readonly part: SummaryPart }): ReactElement {
  const { store } = useControls();
  const { query, mode, kind, share } = part;
  const shown = useApp((state) => state.search === query && state.searchMode === mode);
  const toggle = useCallback(() => {
    // Time without a name is a sum of own times: what is above such a frame has one, so the graph would show too much.
    const tab = kind === 'unnamed' ? 'table' : 'flame';
    store.setState((state) => (shown ? { search: '' } : { ...showTab(state, tab), search: query, searchMode: mode }));
  }, [store, shown, query, mode, kind]);
  return (
    <li>
      <button
        type="button"
        className="summary-part"
        aria-pressed={shown}
        title={shown ? 'Let it go' : `Show it in the ${kind === 'unnamed' ? 'table' : 'graph'}`}
        onClick={toggle}
      >
        <span className="summary-share">{formatShare(share)}</span>
        <span className="summary-words">{visibleText(partWords(part))}</span>
      </button>
    </li>
  );
}
