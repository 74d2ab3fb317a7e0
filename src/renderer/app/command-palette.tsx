import {
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  type ChangeEvent,
  type KeyboardEvent,
  type ReactElement,
} from 'react';
import { visibleText } from '../format/visible-text.js';
import type { Command } from './command.js';
import { findCommands } from './find-commands.js';
import { keysWords } from './keys.js';
import { useApp, useControls } from './workbench.js';

/** All that can be done now, by typing a part of its name. */
export function CommandPalette(): ReactElement | null {
  const open = useApp((state) => state.paletteOpen);
  return open ? <Palette /> : null;
}

function Palette(): ReactElement {
  const controls = useControls();
  const { store, shell } = controls;
  const [query, setQuery] = useState('');
  const [index, setIndex] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  const mac = shell.platform === 'darwin';
  const found = useMemo(() => findCommands(store.getState(), query), [query, store]);
  const chosen = Math.min(index, found.length - 1);

  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => {
      element?.close();
    };
  }, []);
  useEffect(() => {
    list.current?.children[chosen]?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);
  const close = useCallback(() => {
    store.setState({ paletteOpen: false });
  }, [store]);
  const run = useCallback(
    (command: Command) => {
      store.setState({ paletteOpen: false });
      command.run(controls);
    },
    [controls, store],
  );
  const onQuery = useCallback((event: ChangeEvent<HTMLInputElement>) => {
    setQuery(event.target.value);
    setIndex(0);
  }, []);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setIndex((chosen + step + found.length) % Math.max(1, found.length));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      const command = found[chosen];
      if (command !== undefined) run(command);
    }
  };
  return (
    <dialog className="modal palette" ref={dialog} aria-label="Actions" onCancel={close} onKeyDown={onKeyDown}>
      <input
        className="palette-input"
        placeholder="What do you want to do?"
        aria-label="Search actions"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found[chosen] === undefined ? undefined : `action-${found[chosen].id}`}
        value={query}
        onChange={onQuery}
        autoFocus
        spellCheck={false}
      />
      <ul id="palette-list" className="palette-list scroll" role="listbox" aria-label="Actions" ref={list}>
        {found.map((command, at) => (
          <PaletteItem key={command.id} command={command} chosen={at === chosen} mac={mac} onRun={run} />
        ))}
        {found.length === 0 ? <li className="side-note">No action has this name.</li> : null}
      </ul>
    </dialog>
  );
}

interface ItemProps {
  readonly command: Command;
  readonly chosen: boolean;
  readonly mac: boolean;
  readonly onRun: (command: Command) => void;
}

function PaletteItem({ command, chosen, mac, onRun }: ItemProps): ReactElement {
  const { store } = useControls();
  const onClick = useCallback(() => {
    onRun(command);
  }, [command, onRun]);
  return (
    <li id={`action-${command.id}`} role="option" aria-selected={chosen} className="palette-item" onClick={onClick}>
      <span className="clip">{visibleText(command.title(store.getState()))}</span>
      {command.keys === undefined ? null : <kbd>{keysWords(command.keys, mac)}</kbd>}
    </li>
  );
}
