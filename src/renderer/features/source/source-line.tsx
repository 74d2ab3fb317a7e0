import { memo, type ReactElement } from 'react';
import type { Tree } from '@lezer/common';
import type { LineTable } from '../../../contract/decoder.js';
import { changeBetween, formatShare, formatSignedValue, formatValue } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import { numberOfRow, shownParts, type SourceRow } from './source-rows.js';

/** Of how a line read before no more is told. */
const mostFormerly = 300;

interface SourceLineProps {
  /** The number of the row, from 1 on. */
  readonly number: number;
  readonly row: SourceRow;
  /** What the file's language says of it; null: nothing. */
  readonly syntax: Tree | null;
  readonly table: LineTable | null;
  /** Its place in the table; undefined of a line that costs nothing. */
  readonly place: number | undefined;
  readonly unit: string;
  readonly current: boolean;
}

/** One line of a source file. */
export const SourceLine = memo(function SourceLine(props: SourceLineProps): ReactElement {
  const { number, row, syntax, table, place, unit, current } = props;
  const costs = table !== null && place !== undefined;
  const { text, aligned, formerly } = row;
  const numbered = aligned === undefined ? undefined : numberOfRow(aligned);
  const kind = numbered === undefined ? '' : ` ${numbered.kind}`;
  const words = [
    ...(costs ? [table.functions[table.owner[place] ?? 0] ?? ''] : []),
    ...(formerly === undefined ? [] : [`It was: ${formerly.trim().slice(0, mostFormerly)}`]),
  ];
  return (
    <div
      className={`source-row${kind}${current ? ' on' : ''}`}
      role="row"
      id={`source-row-${number}`}
      aria-rowindex={number + 1}
      aria-selected={current}
      data-row={number}
      title={words.length === 0 ? undefined : words.map(visibleText).join('\n')}
    >
      <span role="rowheader" className={costs ? 'strong' : 'mute'} aria-label={numbered?.spoken}>
        {numbered?.shown ?? number}
      </span>
      {costs ? (
        table.columns.length > 1 ? (
          <ComparedCosts table={table} place={place} unit={unit} />
        ) : (
          <Costs table={table} place={place} unit={unit} />
        )
      ) : (
        <>
          <span role="gridcell" />
          <span role="gridcell" />
          <span role="gridcell" />
        </>
      )}
      <span role="gridcell" className="source-text">
        {shownParts(text, numbered?.kind === 'gone' ? null : syntax).map((part, index) =>
          part.className === '' ? (
            part.text
          ) : (
            <span key={index} className={part.className}>
              {part.text}
            </span>
          ),
        )}
      </span>
    </div>
  );
});

interface CostsProps {
  readonly table: LineTable;
  readonly place: number;
  readonly unit: string;
}

function Costs({ table, place, unit }: CostsProps): ReactElement {
  const [column] = table.columns;
  const self = column?.self[place] ?? 0;
  const total = column?.total[place] ?? 0;
  const most = column?.fileTotal ?? 0;
  return (
    <>
      <Cost value={self} most={most} unit={unit} />
      <Cost value={total} most={most} unit={unit} />
      <span role="gridcell" className="mute">
        {formatShare(total / (table.wholes[0] ?? 0))}
      </span>
    </>
  );
}

function ComparedCosts({ table, place, unit }: CostsProps): ReactElement {
  const [comparison, baseline] = table.columns;
  const before = baseline?.total[place] ?? 0;
  const after = comparison?.total[place] ?? 0;
  const most = Math.max(baseline?.fileTotal ?? 0, comparison?.fileTotal ?? 0);
  const change = changeBetween(before, after);
  return (
    <>
      <Cost value={before} most={most} unit={unit} />
      <Cost value={after} most={most} unit={unit} />
      <span role="gridcell" className={change > 0 ? 'more' : change < 0 ? 'less' : 'mute'}>
        {formatSignedValue(change, unit)}
      </span>
    </>
  );
}

interface CostProps {
  readonly value: number;
  /** What a whole bar stands for. */
  readonly most: number;
  readonly unit: string;
}

function Cost({ value, most, unit }: CostProps): ReactElement {
  if (value === 0) return <span role="gridcell" />;
  return (
    <span role="gridcell" className="source-cost">
      <span aria-hidden="true" style={{ width: `calc((100% - 12px) * ${Math.min(1, value / most)})` }} />
      {formatValue(value, unit)}
    </span>
  );
}
