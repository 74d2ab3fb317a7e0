import { useCallback, useState, type ReactElement } from 'react';
import type { CodeLook, CodePlace } from '../../../contract/code.js';
import type { LineTable } from '../../../contract/decoder.js';
import { suggestPrefix } from '../../../core/source/paths.js';
import { useApp, useControls } from '../../app/workbench.js';
import { formatValue } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import { chooseCodeFolder } from '../../state/code-control.js';
import { Button } from '../../ui/button.js';
import { TextField } from '../../ui/fields.js';
import { costliestLines } from './source-rows.js';

const placeWords: Readonly<Record<CodePlace, string>> = {
  container: 'Container',
  target: 'Target',
  folder: 'Path rules',
  git: 'git',
};

interface CodeNotFoundProps {
  readonly file: string;
  readonly looks: readonly CodeLook[];
  readonly table: LineTable | null;
  readonly onAgain: () => void;
}

/** Where a file was looked for, why it is not there, and what to do; the numbers of its lines all the same. */
export function CodeNotFound({ file, looks, table, onAgain }: CodeNotFoundProps): ReactElement {
  const controls = useControls();
  const [prefix, setPrefix] = useState(() => suggestPrefix(file));
  const takes = prefix.trim() !== '' && file.startsWith(prefix.trim());
  const chooseFolder = useCallback(() => {
    void chooseCodeFolder(controls, prefix); // shows its own failure
  }, [controls, prefix]);
  const chooseClone = useCallback(() => {
    void chooseCodeFolder(controls, ''); // as above
  }, [controls]);
  const { store } = controls;
  const editFolders = useCallback(() => {
    store.setState({ dialog: { kind: 'code-folders' } });
  }, [store]);
  return (
    <div className="source-missing scroll">
      <h1>{visibleText(file.slice(file.lastIndexOf('/') + 1))} was not found</h1>
      <p className="source-path selectable">{visibleText(file)}</p>
      <ol className="source-looks" aria-label="Where it was looked for">
        {looks.map((look, index) => (
          <Look key={index} look={look} />
        ))}
      </ol>
      <section className="source-mend" aria-label="Say where it lies">
        <TextField
          label="Paths that begin with"
          value={prefix}
          onChange={setPrefix}
          mono
          {...(takes
            ? { hint: 'lie in a folder of this computer. It is read and never written.' }
            : { error: 'This file’s path does not begin so.' })}
        />
        <div className="source-buttons">
          <Button tone="accent" onClick={chooseFolder} disabled={!takes}>
            Choose the folder…
          </Button>
          <Button onClick={chooseClone}>Choose a clone…</Button>
          <Button tone="quiet" onClick={editFolders}>
            Edit folders…
          </Button>
          <Button tone="quiet" onClick={onAgain}>
            Look again
          </Button>
        </div>
      </section>
      {table === null || table.line.length === 0 ? null : <Costliest table={table} />}
    </div>
  );
}

function Look({ look: { place, where, why, mend } }: { readonly look: CodeLook }): ReactElement {
  return (
    <li>
      <span className="source-place">{placeWords[place]}</span>
      <span>
        <span className="selectable">{visibleText(where)}</span>
        <br />
        <span className="mute selectable">{visibleText(why)}</span>
        {mend === undefined ? null : <span> {visibleText(mend)}</span>}
      </span>
    </li>
  );
}

const mostLines = 10;

function Costliest({ table }: { readonly table: LineTable }): ReactElement {
  const unit = useApp((state) => state.viewHeader?.sampleType.unit ?? '');
  return (
    <section aria-label="Lines that cost most">
      <h2>Lines that cost most</h2>
      <table className="numbers">
        <tbody>
          {costliestLines(table, mostLines).map(({ line, functionName, total }) => (
            <tr key={line}>
              <th scope="row">{line}</th>
              <td className="source-function">{visibleText(functionName)}</td>
              <td>{formatValue(total, unit)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
