import { useCallback, useMemo, useState, type ReactElement } from 'react';
import { lastComponent } from '../../../core/compare/tolerant-names.js';
import type { FunctionName } from '../../../core/compare/function-keys.js';
import { useControls } from '../../app/workbench.js';
import type { FlameModel } from '../../flame/model.js';
import { functionsOfOneSide } from '../../flame/only-side.js';
import { formatShare } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import { useCell } from '../../state/cell.js';
import { tellRename } from '../../state/renames-control.js';
import { TextField } from '../../ui/fields.js';
import { Modal } from '../../ui/modal.js';

interface RenameDialogProps {
  readonly of: FunctionName;
  readonly is: 'new' | 'gone';
}

/** So many are listed; typing finds the others. */
const mostListed = 200;

interface Candidate {
  readonly index: number;
  readonly label: string;
  readonly file: string;
  readonly share: number;
}

/** Asks which function of the other side a new or gone one is; every comparison knows it from then on. */
export function RenameDialog({ of, is }: RenameDialogProps): ReactElement {
  const controls = useControls();
  const { store, flame } = controls;
  const model = useCell(flame);
  const [query, setQuery] = useState('');
  const [chosen, setChosen] = useState<number | null>(null);
  const candidates = useMemo(() => (model === null ? [] : candidatesFor(model, of, is)), [model, of, is]);
  const wanted = query.trim().toLowerCase();
  const shown = candidates.filter(({ label, file }) => `${label} ${file}`.toLowerCase().includes(wanted));
  const picked = shown.find(({ index }) => index === chosen) ?? (shown.length === 1 ? shown[0] : undefined);
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  const tell = (): void => {
    if (picked === undefined || model === null) return;
    const other: FunctionName = { name: model.nameOf(picked.index), file: model.rawFiles[picked.index] ?? '' };
    close();
    void tellRename(controls, is === 'new' ? { from: other, to: of } : { from: of, to: other }); // shows its own failure
  };
  const name = visibleText(of.name);
  return (
    <Modal
      title={is === 'new' ? `What was ${name} called in A?` : `What is ${name} called in B?`}
      subtitle="Both are taken for one function in every comparison from then on. Names tells what was told, and forgets it."
      confirm="Take for one"
      confirmDisabled={picked === undefined}
      onConfirm={tell}
      onCancel={close}
    >
      <TextField label="Find" value={query} onChange={setQuery} autoFocus />
      {shown.length === 0 ? (
        <p className="details-hint">
          {candidates.length > 0
            ? 'No function is called so.'
            : `No function is only in ${is === 'new' ? 'A' : 'B'}: what both sides have is compared with itself.`}
        </p>
      ) : (
        <div className="rename-list scroll" role="listbox" aria-label={`Functions only in ${is === 'new' ? 'A' : 'B'}`}>
          {shown.slice(0, mostListed).map((candidate) => (
            <CandidateRow
              key={candidate.index}
              candidate={candidate}
              chosen={candidate === picked}
              onChoose={setChosen}
            />
          ))}
        </div>
      )}
      {shown.length > mostListed ? (
        <p className="details-hint">{shown.length - mostListed} more: type a part of the name.</p>
      ) : null}
    </Modal>
  );
}

interface CandidateRowProps {
  readonly candidate: Candidate;
  readonly chosen: boolean;
  readonly onChoose: (index: number) => void;
}

function CandidateRow({ candidate, chosen, onChoose }: CandidateRowProps): ReactElement {
  const { index, label, file, share } = candidate;
  const choose = useCallback(() => {
    onChoose(index);
  }, [onChoose, index]);
  return (
    <button type="button" role="option" aria-selected={chosen} className="rename-row" onClick={choose}>
      <span className="clip">{label}</span>
      <span className="file clip">{file}</span>
      <span className="mute">{formatShare(share)}</span>
    </button>
  );
}

/** Functions that only the other side has: those of the same file first, the largest first. */
function candidatesFor(model: FlameModel, of: FunctionName, is: 'new' | 'gone'): readonly Candidate[] {
  const whole = (is === 'new' ? model.graph.baseline?.[0] : model.graph.comparison?.[0]) ?? 0;
  const sameFile = (index: number): boolean => lastComponent(model.rawFiles[index] ?? '') === lastComponent(of.file);
  const found = functionsOfOneSide(model, is === 'new' ? 'gone' : 'new').map(({ functionIndex: index, total }) => ({
    index,
    label: model.labels[index] ?? '',
    file: model.files[index] ?? '',
    share: whole > 0 ? Math.min(1, total / whole) : 0,
  }));
  return [...found.filter(({ index }) => sameFile(index)), ...found.filter(({ index }) => !sameFile(index))];
}
