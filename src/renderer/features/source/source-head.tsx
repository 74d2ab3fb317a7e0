import { useCallback, type ReactElement } from 'react';
import type { FoundCode } from '../../../contract/code.js';
import type { LineTable } from '../../../contract/decoder.js';
import type { Failure } from '../../../contract/result.js';
import { useApp, useControls } from '../../app/workbench.js';
import { formatShare, formatValue, plural } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import { Button } from '../../ui/button.js';

interface SourceHeadProps {
  readonly file: string;
  readonly found: FoundCode;
  readonly table: LineTable | null;
  readonly failure: Failure | null;
  readonly unit: string;
  readonly hotCount: number;
  /** What else is doubtful; hostile text. */
  readonly notes: readonly string[];
  /** Lines of both sides are the same ones by what both texts say. */
  readonly byText: boolean;
  readonly onStep: (direction: 1 | -1) => void;
  readonly onCopy: () => void;
}

/** Which file it is, what it costs, and what is doubtful about it. */
export function SourceHead(props: SourceHeadProps): ReactElement {
  const { file, found, table, failure, unit, hotCount, byText, onStep, onCopy } = props;
  const { store } = useControls();
  const operations = useApp((state) => state.viewSource?.operations?.length ?? 0);
  const next = useCallback(() => {
    onStep(1);
  }, [onStep]);
  const previous = useCallback(() => {
    onStep(-1);
  }, [onStep]);
  const chooseFolders = useCallback(() => {
    store.setState({ dialog: { kind: 'code-folders' } });
  }, [store]);
  const notes = [
    ...(found.doubt === undefined ? [] : [found.doubt]),
    ...props.notes,
    ...(table === null || table.operationCount === operations
      ? []
      : ['Lines are counted as they were before the inversion or grouping, behind which there are none.']),
    ...(failure === null ? [] : [failure.message]),
  ];
  return (
    <>
      <div className="table-tools source-tools">
        <span className="source-path clip selectable" title={visibleText(file)}>
          {visibleText(file)}
        </span>
        <span className="mute">
          {table === null ? 'Adding up lines…' : fileWords(table, unit)}
          {byText ? '; lines matched by both texts' : ''}
        </span>
        <span className="bar-space" />
        <span className="mute">{table === null ? '' : plural(hotCount, 'hot line', 'hot lines')}</span>
        <Button tone="quiet" onClick={previous} disabled={hotCount === 0} title="The hot line before (P)">
          Previous
        </Button>
        <Button tone="quiet" onClick={next} disabled={hotCount === 0} title="The next hot line (N)">
          Next
        </Button>
        <Button tone="quiet" onClick={onCopy} title="Path and line (C)">
          Copy path
        </Button>
        <Button tone="quiet" onClick={chooseFolders} title="Where source files lie on this computer">
          Folders…
        </Button>
      </div>
      {notes.length === 0 ? null : (
        <p className="source-note" role="status">
          {notes.map(visibleText).join(' ')}
        </p>
      )}
    </>
  );
}

/** "3.4 s, 41.0 % of all, in this file; 1.2 s of it on lines that are not known". */
function fileWords({ columns, wholes }: LineTable, unit: string): string {
  const [own, baseline] = columns;
  if (own === undefined) return '';
  if (baseline !== undefined) {
    return `A ${formatValue(baseline.fileTotal, unit)}, B ${formatValue(own.fileTotal, unit)} in this file`;
  }
  const unknown =
    own.unknownSelf > 0 ? `; ${formatValue(own.unknownSelf, unit)} of it on lines that are not known` : '';
  return `${formatValue(own.fileTotal, unit)}, ${formatShare(own.fileTotal / (wholes[0] ?? 0))} of all, in this file${unknown}`;
}
