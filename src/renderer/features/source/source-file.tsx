import {
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  type KeyboardEvent,
  type MouseEvent,
  type ReactElement,
  type UIEvent,
} from 'react';
import type { FoundCode } from '../../../contract/code.js';
import type { LineTable } from '../../../contract/decoder.js';
import type { Failure } from '../../../contract/result.js';
import { hotLines, hottestLine, nextHotLine, type LineCosts } from '../../../core/source/line-costs.js';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { showInfo } from '../../state/toasts.js';
import { useFigures } from '../guidance/find-figures.js';
import { useBoxSize } from '../timeline/use-box-size.js';
import { figuresOfSourceLine } from './source-figures.js';
import { SourceHead } from './source-head.js';
import { SourceLine } from './source-line.js';
import type { ComparedTexts } from './compared-texts.js';
import { lineBeyond, lineOfRow, placesOfLines, rowsOf } from './source-rows.js';
import { useSyntax } from './use-syntax.js';

const rowPx = 20;
/** The headings stay at the top of what scrolls. */
const headPx = 28;
const spareRows = 12;

/** What is known of the lines of the file that is shown. */
export interface ShownLines {
  readonly table: LineTable | null;
  /** It is of the selected function, so that its hottest line is what to look at. */
  readonly current: boolean;
  readonly failure: Failure | null;
}

interface SourceFileProps {
  readonly file: string;
  readonly found: FoundCode;
  readonly lines: ShownLines;
  readonly texts: ComparedTexts;
}

/** The text of a file with what each line costs; it begins at the hottest line of the function that was selected. */
export function SourceFile({ file, found, lines, texts }: SourceFileProps): ReactElement {
  const { shell, store } = useControls();
  const unit = useApp((state) => state.viewHeader?.sampleType.unit ?? '');
  const { current, failure } = lines;
  const shown = useMemo(() => rowsOf(found, lines.table, texts), [found, lines.table, texts]);
  const { rows, table, lineCount, baselineCount } = shown;
  const syntax = useSyntax(file, found.text);
  const places = useMemo(() => (table === null ? new Map<number, number>() : placesOfLines(table)), [table]);
  const hot = useMemo(() => (table === null ? [] : hotLines(table)), [table]);
  const target = targetRow(table, rows.length);
  const jump = current && table !== null ? table.functionName : null;
  // Another function of the same file is another place to begin at; where one goes from there is one's own.
  const [moved, setMoved] = useState<{ readonly from: string | null; readonly row: number } | null>(null);
  const at = moved !== null && (jump === null || moved.from === jump) ? Math.min(moved.row, rows.length) : target;
  const [scrollPx, setScrollPx] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const { heightPx } = useBoxSize(box);
  const first = Math.max(0, Math.floor(scrollPx / rowPx) - spareRows);
  const visible = rows.slice(first, first + Math.ceil(heightPx / rowPx) + 2 * spareRows);
  const isDrawn = at > first && at <= first + visible.length;

  const jumped = useRef<string | null>(null);
  useEffect(() => {
    const element = box.current;
    if (element === null || heightPx === 0 || jump === null || jumped.current === jump) return;
    jumped.current = jump;
    element.scrollTop = (target - 1) * rowPx - (heightPx - headPx - rowPx) / 2;
  }, [jump, target, heightPx]);

  const goTo = useCallback(
    (wanted: number) => {
      const next = Math.max(1, Math.min(rows.length, wanted));
      setMoved({ from: jump, row: next });
      const element = box.current;
      if (element === null) return;
      const top = (next - 1) * rowPx;
      const roomPx = element.clientHeight - headPx;
      const away = top < element.scrollTop || top + rowPx > element.scrollTop + roomPx;
      const far = Math.abs(next - at) > 1;
      if (away && far) element.scrollTop = top - (roomPx - rowPx) / 2;
      else if (top < element.scrollTop) element.scrollTop = top;
      else if (away) element.scrollTop = top + rowPx - roomPx;
    },
    [rows, jump, at],
  );
  const stepHot = useCallback(
    (direction: 1 | -1) => {
      const next = nextHotLine(hot, at, direction);
      if (next !== undefined) goTo(next);
    },
    [hot, at, goTo],
  );
  const copyPath = useCallback(() => {
    const line = lineOfRow(rows, at);
    void shell.call('clipboard.write', { text: `${file}:${line}` }); // nothing to say when it fails
    showInfo(store, `Copied ${visibleText(file)}:${line}.`);
  }, [shell, store, file, rows, at]);
  const onKeyDown = useCallback(
    (event: KeyboardEvent<HTMLDivElement>) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const page = Math.max(1, Math.floor((heightPx - headPx) / rowPx) - 1);
      const moves: Readonly<Record<string, number>> = {
        ArrowDown: at + 1,
        ArrowUp: at - 1,
        PageDown: at + page,
        PageUp: at - page,
        Home: 1,
        End: rows.length,
      };
      const to = moves[event.key];
      const letter = store.getState().settings.singleKeys ? event.key.toLowerCase() : '';
      if (to !== undefined) goTo(to);
      else if (letter === 'n') stepHot(1);
      else if (letter === 'p') stepHot(-1);
      else if (letter === 'c') copyPath();
      else return;
      event.preventDefault();
    },
    [heightPx, at, rows, store, goTo, stepHot, copyPath],
  );
  const onScroll = useCallback((event: UIEvent<HTMLDivElement>) => {
    setScrollPx(event.currentTarget.scrollTop);
  }, []);
  const onClick = useCallback(
    (event: MouseEvent<HTMLDivElement>) => {
      const row = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-row]') : null;
      if (row !== null) setMoved({ from: jump, row: Number(row.dataset['row']) });
    },
    [jump],
  );

  useFigures(box, ({ target }) => {
    const row = target.closest<HTMLElement>('[data-row]');
    const number = Number(row?.dataset['row']);
    const place = places.get(number);
    if (row === null || table === null || place === undefined) return null;
    const cell = target.closest('[role="gridcell"]:not(.source-text)');
    const chosen = cell === null ? 0 : Math.max(0, [...row.children].indexOf(cell) - 1);
    const name = `${lastPart(file)}:${lineOfRow(rows, number)}`;
    return figuresOfSourceLine(store.getState(), table, place, name, chosen);
  });

  const diff = table !== null && table.columns.length > 1;
  const byText = baselineCount !== undefined;
  const notes = [
    ...beyondWords('It', lines.table, lineCount),
    ...(texts.note === undefined ? [] : [texts.note]),
    ...beyondWords('A’s text', lines.table?.before, baselineCount),
  ];
  return (
    <div className="source">
      <SourceHead
        file={file}
        found={found}
        table={table}
        failure={failure}
        unit={unit}
        hotCount={hot.length}
        notes={notes}
        byText={byText}
        onStep={stepHot}
        onCopy={copyPath}
      />
      <div
        className={`source-grid scroll${byText ? ' by-text' : ''}`}
        ref={box}
        role="grid"
        aria-label="Source"
        aria-rowcount={rows.length + 1}
        aria-activedescendant={isDrawn ? `source-row-${at}` : undefined}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onScroll={onScroll}
      >
        <div className="source-wide" role="presentation">
          <div className="source-head" role="rowgroup">
            <div className="source-row head" role="row">
              <span role="columnheader" title={byText ? numbersTold : undefined}>
                {byText ? 'A and B' : 'Line'}
              </span>
              <span role="columnheader">{diff ? 'A' : 'Self'}</span>
              <span role="columnheader">{diff ? 'B' : 'Total'}</span>
              <span role="columnheader">{diff ? 'Change' : 'Of all'}</span>
              <span role="columnheader" className="source-text">
                {visibleText(whereOf(found, texts))}
              </span>
            </div>
          </div>
          <div className="source-body" role="rowgroup" onClick={onClick}>
            <div className="source-space" role="presentation" style={{ height: rows.length * rowPx }}>
              <div role="presentation" style={{ transform: `translateY(${first * rowPx}px)` }}>
                {visible.map((each, index) => (
                  <SourceLine
                    key={first + index}
                    number={first + index + 1}
                    row={each}
                    syntax={syntax}
                    table={table}
                    place={places.get(first + index + 1)}
                    unit={unit}
                    current={first + index + 1 === at}
                  />
                ))}
              </div>
            </div>
          </div>
        </div>
      </div>
    </div>
  );
}

function lastPart(file: string): string {
  return visibleText(file.slice(file.lastIndexOf('/') + 1));
}

const numbersTold = '12 → 16: it moved. ~: it changed. + 16: it is new. − 12: it is gone.';

function whereOf(found: FoundCode, { byText }: ComparedTexts): string {
  return byText === undefined ? found.where : `B: ${found.where}; A: ${byText.before.where}`;
}

/** What is said of a text that does not have a line that its profile names. */
function beyondWords(
  text: string,
  costs: Pick<LineCosts, 'line'> | null | undefined,
  lineCount = 0,
): readonly string[] {
  const beyond = costs == null ? undefined : lineBeyond(costs, lineCount);
  if (beyond === undefined) return [];
  return [
    `${text} has ${lineCount} lines, and the profile names line ${beyond}: it is another version than the one that ran.`,
  ];
}

/** Where to begin: at the function's hottest line, else at the file's, inside the file. */
function targetRow(table: LineTable | null, rowCount: number): number {
  if (table === null) return 1;
  const place = hottestLine(table, table.functionName);
  return Math.max(1, Math.min(rowCount, (place === undefined ? undefined : table.line[place]) ?? 1));
}
