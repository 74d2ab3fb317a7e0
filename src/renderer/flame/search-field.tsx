import { useCallback, type ChangeEvent, type KeyboardEvent, type ReactElement } from 'react';
import { useApp, useControls } from '../app/workbench.js';
import { formatShare, plural } from '../format/numbers.js';
import { useCell } from '../state/cell.js';
import { IconButton } from '../ui/button.js';
import { CloseIcon, SearchIcon } from '../ui/icons.js';

/** Search in the flame graph: how many frames match, and the share of the total that lies in or under them. */
export function SearchField(): ReactElement {
  const { store, found } = useControls();
  const query = useApp((state) => state.search);
  const result = useCell(found);
  const onChange = useCallback(
    (event: ChangeEvent<HTMLInputElement>) => {
      store.setState({ search: event.target.value.slice(0, 1024) });
    },
    [store],
  );
  const clear = useCallback(() => {
    store.setState({ search: '' });
  }, [store]);
  const onKeyDown = useCallback(
    (event: KeyboardEvent<HTMLInputElement>) => {
      if (event.key !== 'Escape') return;
      event.preventDefault();
      event.stopPropagation();
      if (event.currentTarget.value === '') event.currentTarget.blur();
      else store.setState({ search: '' });
    },
    [store],
  );
  return (
    <search className="find" data-hint="search">
      <SearchIcon />
      <input
        id="flame-search"
        type="text"
        aria-label="Search functions"
        placeholder="Search"
        value={query}
        onChange={onChange}
        onKeyDown={onKeyDown}
        spellCheck={false}
        autoComplete="off"
      />
      <output htmlFor="flame-search" className={result?.frames === 0 ? 'warn' : undefined} aria-live="polite">
        {result === null ? '' : `${plural(result.frames, 'match', 'matches')}, ${formatShare(result.share)}`}
      </output>
      {query === '' ? null : (
        <IconButton label="Clear search" onClick={clear}>
          <CloseIcon />
        </IconButton>
      )}
    </search>
  );
}
