import { useCallback, useRef, type ChangeEvent, type KeyboardEvent, type ReactElement } from 'react';
import { queryProblem } from '../../core/flame/match-functions.js';
import type { SearchMode } from '../../core/flame/match-names.js';
import type { SearchResult } from '../../core/flame/search.js';
import { useTip } from '../app/use-tip.js';
import { useApp, useControls } from '../app/workbench.js';
import { formatShare, plural } from '../format/numbers.js';
import { useFigures } from '../features/guidance/find-figures.js';
import { figuresOfSearch } from '../features/guidance/whole-figures.js';
import { useCell } from '../state/cell.js';
import { stepMatch } from '../state/search-control.js';
import { IconButton } from '../ui/button.js';
import { CloseIcon, SearchIcon } from '../ui/icons.js';

/** Search in the flame graph: how many frames match, and the share of the total that lies in or under them. */
export function SearchField(): ReactElement {
  const controls = useControls();
  const { store, found } = controls;
  const query = useApp((state) => state.search);
  const mode = useApp((state) => state.searchMode);
  const result = useCell(found);
  const output = useRef<HTMLOutputElement>(null);
  useFigures(output, () => (result === null ? null : figuresOfSearch(store.getState(), result)));
  const wrong = queryProblem(query, mode);
  const onChange = useCallback(
    (event: ChangeEvent<HTMLInputElement>) => {
      store.setState({ search: event.target.value.slice(0, 1024) });
    },
    [store],
  );
  const tip = useTip();
  const clear = useCallback(() => {
    store.setState({ search: '' });
  }, [store]);
  const onKeyDown = useCallback(
    (event: KeyboardEvent<HTMLInputElement>) => {
      if (event.key === 'Enter') {
        event.preventDefault();
        stepMatch(controls, event.shiftKey ? -1 : 1);
        return;
      }
      if (event.key !== 'Escape') return;
      event.preventDefault();
      event.stopPropagation();
      if (event.currentTarget.value === '') event.currentTarget.blur();
      else store.setState({ search: '' });
    },
    [controls, store],
  );
  return (
    <search className="find" data-hint="search">
      <SearchIcon />
      <input
        id="flame-search"
        type="text"
        aria-label="Search functions"
        placeholder="Search"
        title={tip('Search functions', 'Mod+F')}
        value={query}
        onChange={onChange}
        onKeyDown={onKeyDown}
        spellCheck={false}
        autoComplete="off"
      />
      <output
        ref={output}
        htmlFor="flame-search"
        className={wrong !== undefined || result?.frames === 0 ? 'warn' : undefined}
        aria-live="polite"
      >
        {wrong === undefined ? foundWords(result) : problemWords[wrong]}
      </output>
      <ModeButton mode="regex" sign=".*" label="Regular expression" />
      <ModeButton mode="fuzzy" sign="~" label="Fuzzy: letters in their order" />
      {query === '' ? null : (
        <IconButton label="Clear search" onClick={clear}>
          <CloseIcon />
        </IconButton>
      )}
    </search>
  );
}

const problemWords = { syntax: 'not a regular expression', 'repeats-too-much': 'repeats too much' };

function foundWords(result: SearchResult | null): string {
  return result === null ? '' : `${plural(result.frames, 'match', 'matches')}, ${formatShare(result.share)}`;
}

interface ModeButtonProps {
  readonly mode: SearchMode;
  readonly sign: string;
  readonly label: string;
}

/** Reads the query in another way; pressed again as plain text. */
function ModeButton({ mode, sign, label }: ModeButtonProps): ReactElement {
  const { store } = useControls();
  const on = useApp((state) => state.searchMode === mode);
  const toggle = useCallback(() => {
    store.setState({ searchMode: on ? 'plain' : mode });
  }, [store, on, mode]);
  return (
    <button type="button" className="find-mode" aria-pressed={on} aria-label={label} title={label} onClick={toggle}>
      {sign}
    </button>
  );
}
