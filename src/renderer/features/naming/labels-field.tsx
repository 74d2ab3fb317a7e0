import { useCallback, type ChangeEvent, type ReactElement } from 'react';
import type { Naming } from '../../../contract/profiled.js';
import { Button } from '../../ui/button.js';

type Label = Naming['labels'][number];

interface LabelsFieldProps {
  readonly labels: readonly Label[];
  readonly onChange: (labels: Label[]) => void;
}

/** Labels that every service of a target gets. */
export function LabelsField({ labels, onChange }: LabelsFieldProps): ReactElement {
  const change = useCallback(
    (index: number, label: Label | undefined) => {
      onChange(labels.flatMap((each, other) => (other !== index ? [each] : label === undefined ? [] : [label])));
    },
    [labels, onChange],
  );
  const add = useCallback(() => {
    onChange([...labels, { name: '', value: '' }]);
  }, [labels, onChange]);
  return (
    <fieldset className="naming-labels">
      <legend className="field-label">Labels of every service</legend>
      {labels.map((label, index) => (
        // Rows have no identity but their place.
        <LabelRow key={index} index={index} label={label} onChange={change} />
      ))}
      <Button tone="quiet" onClick={add}>
        Add a label
      </Button>
    </fieldset>
  );
}

interface LabelRowProps {
  readonly index: number;
  readonly label: Label;
  readonly onChange: (index: number, label: Label | undefined) => void;
}

function LabelRow({ index, label, onChange }: LabelRowProps): ReactElement {
  const rename = useCallback(
    (event: ChangeEvent<HTMLInputElement>) => {
      onChange(index, { ...label, name: event.target.value });
    },
    [index, label, onChange],
  );
  const revalue = useCallback(
    (event: ChangeEvent<HTMLInputElement>) => {
      onChange(index, { ...label, value: event.target.value });
    },
    [index, label, onChange],
  );
  const remove = useCallback(() => {
    onChange(index, undefined);
  }, [index, onChange]);
  const number = index + 1;
  return (
    <div className="naming-label">
      <input
        className="input mono"
        aria-label={`Name of label ${number}`}
        placeholder="env"
        value={label.name}
        onChange={rename}
        spellCheck={false}
      />
      <input
        className="input mono"
        aria-label={`Value of label ${number}`}
        placeholder="prod"
        value={label.value}
        onChange={revalue}
        spellCheck={false}
      />
      <Button tone="quiet" onClick={remove} aria-label={`Remove label ${number}`}>
        Remove
      </Button>
    </div>
  );
}
