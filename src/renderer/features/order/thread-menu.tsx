import { useCallback, useState, type ChangeEvent, type ReactElement } from 'react';
import type { TimedThread } from '../../../contract/decoder.js';
import type { LabelKey } from '../../../contract/operations.js';
import { useApp, useControls } from '../../app/workbench.js';
import { formatValue } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import { chooseThread } from '../../state/order-control.js';
import { Button } from '../../ui/button.js';
import { ChevronIcon } from '../../ui/icons.js';
import { MenuItem, Popover } from '../../ui/menu.js';
import { chosenWords, matchingThreads, sameLabel, threadWords } from './thread-words.js';

/** More than anybody reads; the field above finds the others. */
const shownThreads = 100;

interface ThreadMenuProps {
  readonly threads: readonly TimedThread[];
  readonly chosen: LabelKey | null;
}

/** Whose samples are shown in time order. */
export function ThreadMenu({ threads, chosen }: ThreadMenuProps): ReactElement {
  const words = chosenWords(threads, chosen);
  return (
    <Popover
      label="Threads"
      role="dialog"
      button={(props) => (
        <Button tone="quiet" {...props} className="thread-button" aria-label={`Thread: ${words}`}>
          <span className="clip">{words}</span> <ChevronIcon />
        </Button>
      )}
    >
      {(close) => <Threads threads={threads} chosen={chosen} close={close} />}
    </Popover>
  );
}

function Threads({ threads, chosen, close }: ThreadMenuProps & { readonly close: () => void }): ReactElement {
  const controls = useControls();
  const [filter, setFilter] = useState('');
  const onFilter = useCallback((event: ChangeEvent<HTMLInputElement>) => {
    setFilter(event.target.value);
  }, []);
  const chooseAll = useCallback(() => {
    chooseThread(controls, null);
  }, [controls]);
  const matching = matchingThreads(threads, filter);
  return (
    <div className="threads">
      <input
        className="input"
        type="search"
        placeholder="Filter threads"
        aria-label="Filter threads"
        value={filter}
        onChange={onFilter}
        spellCheck={false}
      />
      <div className="threads-list scroll" role="menu" aria-label="Threads">
        <MenuItem close={close} onChoose={chooseAll} hint={chosen === null ? 'shown' : 'one behind the other, no gaps'}>
          All threads
        </MenuItem>
        <hr />
        {matching.slice(0, shownThreads).map((each) => (
          <ThreadItem
            key={`${each.thread.key} ${each.thread.value}`}
            thread={each}
            shown={sameLabel(each.thread, chosen)}
            close={close}
          />
        ))}
      </div>
      {matching.length > shownThreads ? (
        <p className="details-hint">
          {(matching.length - shownThreads).toLocaleString('en')} more: type a part of one.
        </p>
      ) : null}
      {matching.length === 0 ? <p className="details-hint">No thread has “{visibleText(filter)}” in it.</p> : null}
    </div>
  );
}

interface ThreadItemProps {
  readonly thread: TimedThread;
  readonly shown: boolean;
  readonly close: () => void;
}

function ThreadItem({ thread, shown, close }: ThreadItemProps): ReactElement {
  const controls = useControls();
  const unit = useApp((state) => state.viewHeader?.sampleType.unit ?? '');
  const choose = useCallback(() => {
    chooseThread(controls, thread.thread);
  }, [controls, thread]);
  const service = thread.service === '' ? '' : `${visibleText(thread.service)}, `;
  return (
    <MenuItem close={close} onChoose={choose} hint={shown ? 'shown' : `${service}${formatValue(thread.total, unit)}`}>
      {threadWords(thread)}
    </MenuItem>
  );
}
