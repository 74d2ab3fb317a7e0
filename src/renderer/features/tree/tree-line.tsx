import type { ReactElement } from 'react';
import type { FlameModel } from '../../flame/model.js';
import { changeBetween, formatShare, formatSignedValue, formatValue } from '../../format/numbers.js';
import { certaintyWords } from '../table/columns.js';
import type { JudgedRows, TreeLine } from './tree-rows.js';

interface LineProps {
  readonly line: TreeLine;
  readonly index: number;
  readonly focused: boolean;
  readonly model: FlameModel;
  readonly unit: string;
  readonly judged: JudgedRows | undefined;
  /** What it is beside the focused one: its function is below the pointer of another view, or the search finds it. */
  readonly marked: boolean;
  readonly matched: boolean;
}

/** One line of a call tree. */
export function Line({ line, index, focused, model, unit, judged, marked, matched }: LineProps): ReactElement {
  const level = line.kind === 'row' ? line.path.length : line.path.length + 1;
  // However deep it is, there is room for its name.
  const indent = { paddingLeft: `min(${level - 1} * var(--indent), 45%)` };
  const states = { on: focused, judged: judged !== undefined, marked, matched };
  const className = ['tree-row', ...Object.entries(states).flatMap(([name, is]) => (is ? [name] : []))].join(' ');
  if (line.kind === 'more') {
    return (
      <div className={className} id={`tree-line-${index}`} role="row" aria-level={level} data-line={index}>
        <span role="gridcell" className="mute" style={indent}>
          {line.loading ? 'Reading…' : `${line.left} more`}
        </span>
      </div>
    );
  }
  const label = model.labels[line.path.at(-1) ?? 0] ?? '';
  const change = changeBetween(line.baselineTotal ?? 0, line.total);
  const tone = change > 0 ? 'more' : change < 0 ? 'less' : 'mute';
  return (
    <div
      className={className}
      id={`tree-line-${index}`}
      role="row"
      aria-level={level}
      aria-posinset={line.position}
      aria-setsize={line.setSize}
      aria-selected={focused}
      {...(line.childCount > 0 ? { 'aria-expanded': line.open } : {})}
      aria-rowindex={index + 2}
      data-line={index}
      title={label}
    >
      <span role="gridcell" className="tree-name" style={indent}>
        <span className="twisty" aria-hidden="true">
          {line.childCount === 0 ? '' : line.open ? '▾' : '▸'}
        </span>
        <span className="clip">{label}</span>
      </span>
      <span role="gridcell">{formatValue(line.self, unit)}</span>
      <span role="gridcell">{formatValue(line.total, unit)}</span>
      <span role="gridcell" className={model.isDiff ? tone : 'mute'}>
        {model.isDiff ? formatSignedValue(change, unit) : formatShare(line.total / model.total)}
      </span>
      {judged === undefined ? null : <CertaintyCell judged={judged} path={line.path} />}
    </div>
  );
}

function CertaintyCell({
  judged: { model, nodeOf },
  path,
}: {
  readonly judged: JudgedRows;
  readonly path: readonly number[];
}): ReactElement {
  const node = nodeOf(path);
  // What has no width in the graph has no samples in it.
  const state = node === undefined ? 0 : (model.certainty?.[node] ?? 0);
  return (
    <span role="gridcell" className={state === 2 ? 'strong' : 'mute'}>
      {certaintyWords[state] ?? ''}
    </span>
  );
}
