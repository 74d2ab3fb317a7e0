import {
  memo,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  type ChangeEvent,
  type KeyboardEvent,
  type ReactElement,
} from 'react';
import { useApp, useControls } from '../../app/workbench.js';
import { formatCount } from '../../format/numbers.js';
import { formatMoment } from '../../format/times.js';
import { visibleText } from '../../format/visible-text.js';
import { Button } from '../../ui/button.js';
import { FailureNotice } from '../../ui/failure-notice.js';
import { Segments } from '../../ui/fields.js';
import { Modal } from '../../ui/modal.js';
import { chosenLines, type Gravity, type LogLine, type LogSoFar } from './log-lines.js';
import { useLog } from './use-log.js';

const gravities: readonly Gravity[] = ['all', 'warn', 'error'];
const gravityLabels = { all: 'All', warn: 'Warnings', error: 'Errors' } as const;
const tags = { debug: 'debug', info: 'info', warn: 'warning', error: 'error', other: '' } as const;

/** Follows the log of a target's agent: filtered, held, copied. */
export function LogDialog({ targetId }: { readonly targetId: string }): ReactElement {
  const { store, shell, clock } = useControls();
  const target = useApp((state) => state.targets.find((other) => other.config.id === targetId));
  const { log, failure } = useLog(targetId);
  const [held, setHeld] = useState<LogSoFar | null>(null);
  const [gravity, setGravity] = useState<Gravity>('all');
  const [filter, setFilter] = useState('');
  const [copied, setCopied] = useState(false);
  const [nowMs] = useState(clock);
  const shown = held ?? log;
  const lines = useMemo(() => chosenLines(shown.lines, gravity, filter), [shown, gravity, filter]);
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  const hold = useCallback(() => {
    setHeld((before) => (before === null ? log : null));
  }, [log]);
  // Enter would close the dialog.
  const onFilterKey = useCallback((event: KeyboardEvent) => {
    if (event.key === 'Enter') event.preventDefault();
  }, []);
  const onFilter = useCallback((event: ChangeEvent<HTMLInputElement>) => {
    setFilter(event.target.value);
  }, []);
  const copy = useCallback(() => {
    const write = async (): Promise<void> => {
      const result = await shell.call('clipboard.write', { text: lines.map(({ raw }) => visibleText(raw)).join('\n') });
      setCopied(result.ok);
    };
    void write(); // the button stays as it is when it fails
  }, [shell, lines]);
  const later = held === null ? 0 : log.seen - held.seen;
  return (
    <Modal
      title={`Log of the agent on ${visibleText(target?.config.name ?? 'this target')}`}
      subtitle="/var/lib/pyrometer/agent.log there, followed as root while this is open."
      confirm="Close"
      cancel=""
      aside={
        <>
          <Button tone="quiet" onClick={copy} disabled={lines.length === 0}>
            {copied ? 'Copied' : 'Copy what is shown'}
          </Button>
          <span className="log-note" role="status">
            {noteOf(lines.length, shown, later)}
          </span>
        </>
      }
      onConfirm={close}
      onCancel={close}
    >
      <div className="log-bar">
        <input
          className="input slim"
          type="search"
          placeholder="Filter"
          aria-label="Filter the log"
          value={filter}
          onChange={onFilter}
          onKeyDown={onFilterKey}
          spellCheck={false}
        />
        <Segments label="Levels" values={gravities} labels={gravityLabels} value={gravity} onChoose={setGravity} />
        <Button onClick={hold}>{held === null ? 'Pause' : 'Follow'}</Button>
      </div>
      {failure === null ? null : <FailureNotice failure={failure} />}
      <LogView lines={lines} nowMs={nowMs} />
    </Modal>
  );
}

function noteOf(count: number, { lines, skipped }: LogSoFar, later: number): string {
  const parts = [
    count === lines.length
      ? `${formatCount(count)} lines`
      : `${formatCount(count)} of ${formatCount(lines.length)} lines`,
  ];
  if (skipped > 0) parts.push(`${formatCount(skipped)} came too fast and are only in the file`);
  if (later > 0) parts.push(`${formatCount(later)} more since`);
  return parts.join(', ');
}

/** The lines, at their end unless somebody scrolled up. */
interface ViewProps {
  readonly lines: readonly LogLine[];
  readonly nowMs: number;
}

function LogView({ lines, nowMs }: ViewProps): ReactElement {
  const list = useRef<HTMLOListElement>(null);
  const atEnd = useRef(true);
  const onScroll = useCallback(() => {
    const element = list.current;
    if (element !== null) atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 24;
  }, []);
  useEffect(() => {
    const element = list.current;
    if (element !== null && atEnd.current) element.scrollTop = element.scrollHeight;
  }, [lines]);
  return (
    <ol className="log scroll selectable" ref={list} onScroll={onScroll} tabIndex={0} aria-label="Log">
      {lines.map((line) => (
        <LogRow key={line.number} line={line} nowMs={nowMs} />
      ))}
    </ol>
  );
}

const LogRow = memo(function LogRow({ line, nowMs }: { readonly line: LogLine; readonly nowMs: number }): ReactElement {
  const { atMs, level, text } = line;
  return (
    <li data-level={level}>
      <time>{atMs === undefined ? '' : formatMoment(atMs, nowMs, true)}</time>
      <span className="log-level">{tags[level]}</span>
      <bdi className="log-text">{visibleText(text)}</bdi>
    </li>
  );
});
