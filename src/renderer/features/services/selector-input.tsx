import {
  useCallback,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type ChangeEvent,
  type KeyboardEvent,
  type MouseEvent,
  type ReactElement,
  type SyntheticEvent,
} from 'react';
import { completeSelector, type Completion } from '../../../core/words/complete-selector.js';
import { visibleText } from '../../format/visible-text.js';
import { placeBelow } from '../../ui/menu.js';
import { useKnownLabels } from './use-known-labels.js';
import { writtenSelector } from './written-selector.js';

interface SelectorInputProps {
  readonly selector: string;
  /** Null: nothing is chosen. `byKeys`: the focus was in the field until now. */
  readonly onEnd: (chosen: string | null, byKeys: boolean) => void;
}

interface Written {
  readonly text: string;
  readonly caret: number;
  /** Of the completions the one that Enter takes; -1: none, Enter takes the selector as it is. */
  readonly chosen: number;
  /** What is wrong with what was chosen; "": nothing. */
  readonly wrong: string;
}

/** A selector as it is written, with what can come next. */
export function SelectorInput({ selector, onEnd }: SelectorInputProps): ReactElement {
  const labels = useKnownLabels();
  const input = useRef<HTMLInputElement>(null);
  const anchor = useRef<HTMLDivElement>(null);
  const id = useId();
  const [{ text, caret, chosen, wrong }, setWritten] = useState<Written>(() => ({
    text: selector,
    caret: selector.length - 1,
    chosen: -1,
    wrong: '',
  }));
  const found = useMemo(() => completeSelector(text, caret, labels), [text, caret, labels]);
  const { options } = found;

  // A field that React writes into has its caret at the end.
  useLayoutEffect(() => {
    const element = input.current;
    if (element === null || element.selectionStart === caret) return;
    element.focus();
    element.setSelectionRange(caret, caret);
  }, [text, caret]);
  useEffect(() => {
    input.current?.focus();
  }, []);
  useLayoutEffect(() => {
    if (anchor.current !== null) placeBelow(anchor.current, 'start');
  }, [options, wrong]);
  useEffect(() => {
    document.getElementById(`${id}-${chosen}`)?.scrollIntoView({ block: 'nearest' });
  }, [id, chosen]);

  const write = useCallback(
    (next: string, at: number) => {
      const likely = completeSelector(next, at, labels);
      setWritten({ text: next, caret: at, chosen: likely.written === '' ? -1 : 0, wrong: '' });
    },
    [labels],
  );
  const take = (option: Completion): void => {
    write(text.slice(0, found.from) + option.insert + text.slice(found.to), found.from + option.caret);
  };
  const apply = (): void => {
    const { selector: wanted, wrong: why } = writtenSelector(text);
    if (wanted === undefined) setWritten((before) => ({ ...before, wrong: why }));
    else onEnd(wanted, true);
  };
  const onChange = useCallback(
    (event: ChangeEvent<HTMLInputElement>) => {
      write(event.target.value, event.target.selectionStart ?? event.target.value.length);
    },
    [write],
  );
  const onSelect = useCallback((event: SyntheticEvent<HTMLInputElement>) => {
    const at = event.currentTarget.selectionStart ?? 0;
    setWritten((before) => (before.caret === at ? before : { ...before, caret: at, chosen: -1 }));
  }, []);
  const onBlur = useCallback(() => {
    onEnd(null, false);
  }, [onEnd]);
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>): void => {
    const option = options[chosen];
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const count = options.length;
      // -1, the selector as it is, is a place of the round as well.
      const next = chosen + 1 + (event.key === 'ArrowDown' ? 1 : -1);
      setWritten((before) => ({ ...before, chosen: ((next + count + 1) % (count + 1)) - 1 }));
    } else if (event.key === 'Tab' && option !== undefined && !event.shiftKey) take(option);
    else if (event.key === 'Enter') {
      if (option === undefined) apply();
      else take(option);
    } else if (event.key === 'Escape') onEnd(null, true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  // A press on the list must not take the focus, whose end ends all.
  const keepFocus = useCallback((event: MouseEvent) => {
    event.preventDefault();
  }, []);
  const isOpen = options.length > 0;
  return (
    <div className="selector-writing" ref={anchor}>
      <input
        ref={input}
        className="input mono"
        role="combobox"
        aria-label="Selector"
        aria-autocomplete="list"
        aria-expanded={isOpen}
        aria-controls={isOpen ? `${id}-list` : undefined}
        aria-activedescendant={options[chosen] === undefined ? undefined : `${id}-${chosen}`}
        aria-invalid={wrong !== ''}
        aria-describedby={wrong === '' ? undefined : `${id}-wrong`}
        value={text}
        onChange={onChange}
        onSelect={onSelect}
        onBlur={onBlur}
        onKeyDown={onKeyDown}
        autoComplete="off"
        spellCheck={false}
        dir="ltr"
      />
      {isOpen || wrong !== '' ? (
        <div className="popover selector-options" onMouseDown={keepFocus}>
          {wrong === '' ? null : (
            <p className="field-error" id={`${id}-wrong`} role="alert">
              {wrong}
            </p>
          )}
          {isOpen ? (
            <ul id={`${id}-list`} className="scroll" role="listbox" aria-label="What can be written">
              {options.map((option, index) => (
                <Option
                  key={`${option.kind} ${option.insert}`}
                  id={`${id}-${index}`}
                  option={option}
                  chosen={index === chosen}
                  onTake={take}
                />
              ))}
            </ul>
          ) : null}
        </div>
      ) : null}
    </div>
  );
}

const kindWords = { label: 'label', operator: '', value: '' } as const;
const operatorWords: Readonly<Record<string, string>> = {
  '=': 'is',
  '!=': 'is not',
  '=~': 'matches the pattern',
  '!~': 'does not match it',
};

interface OptionProps {
  readonly id: string;
  readonly option: Completion;
  readonly chosen: boolean;
  readonly onTake: (option: Completion) => void;
}

function Option({ id, option, chosen, onTake }: OptionProps): ReactElement {
  const onClick = useCallback(() => {
    onTake(option);
  }, [onTake, option]);
  return (
    <li id={id} role="option" aria-selected={chosen} className="palette-item" onClick={onClick}>
      <span className="clip mono">{visibleText(option.text)}</span>
      <small className="mute">{operatorWords[option.text] ?? kindWords[option.kind]}</small>
    </li>
  );
}
