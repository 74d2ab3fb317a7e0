import { useCallback, useId, type ChangeEvent, type ReactElement } from 'react';

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly type?: 'text' | 'password' | 'datetime-local';
  readonly placeholder?: string;
  readonly hint?: string;
  /** Why the value will not do; undefined when it will. */
  readonly error?: string | undefined;
  readonly mono?: boolean;
  readonly autoFocus?: boolean;
  readonly inputMode?: 'numeric';
}

/** A line of text with its label, a hint or what is wrong with it. */
export function TextField(props: TextFieldProps): ReactElement {
  const { label, value, onChange, type = 'text', placeholder, hint, error, mono = false, autoFocus = false } = props;
  const id = useId();
  const noteId = useId();
  const change = useCallback(
    (event: ChangeEvent<HTMLInputElement>) => {
      onChange(event.target.value);
    },
    [onChange],
  );
  const note = error ?? hint;
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        className={mono ? 'input mono' : 'input'}
        type={type}
        value={value}
        onChange={change}
        placeholder={placeholder}
        aria-invalid={error !== undefined}
        aria-describedby={note === undefined ? undefined : noteId}
        autoFocus={autoFocus}
        autoComplete="off"
        spellCheck={false}
        inputMode={props.inputMode}
        step={type === 'datetime-local' ? 1 : undefined}
      />
      {note === undefined ? null : (
        <p id={noteId} className={error === undefined ? 'field-hint' : 'field-error'}>
          {note}
        </p>
      )}
    </div>
  );
}

interface TextAreaFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly rows: number;
  readonly placeholder?: string;
  readonly hint?: string;
}

/** Lines of text with their label. */
export function TextAreaField(props: TextAreaFieldProps): ReactElement {
  const { label, value, onChange, rows, placeholder, hint } = props;
  const id = useId();
  const noteId = useId();
  const change = useCallback(
    (event: ChangeEvent<HTMLTextAreaElement>) => {
      onChange(event.target.value);
    },
    [onChange],
  );
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {label}
      </label>
      <textarea
        id={id}
        className="input mono"
        rows={rows}
        value={value}
        onChange={change}
        placeholder={placeholder}
        aria-describedby={hint === undefined ? undefined : noteId}
        autoComplete="off"
        spellCheck={false}
      />
      {hint === undefined ? null : (
        <p id={noteId} className="field-hint">
          {hint}
        </p>
      )}
    </div>
  );
}

interface SegmentsProps<Value extends string> {
  readonly label: string;
  readonly values: readonly Value[];
  readonly labels: Readonly<Record<Value, string>>;
  /** Undefined: none is chosen. */
  readonly value: Value | undefined;
  readonly onChoose: (value: Value) => void;
  readonly wide?: boolean;
}

/** One of a few, all in sight. */
export function Segments<Value extends string>(props: SegmentsProps<Value>): ReactElement {
  const { label, values, labels, value, onChoose, wide = false } = props;
  return (
    <div className={wide ? 'segments wide' : 'segments'} role="radiogroup" aria-label={label}>
      {values.map((each) => (
        <Segment key={each} value={each} label={labels[each]} chosen={each === value} onChoose={onChoose} />
      ))}
    </div>
  );
}

interface SegmentProps<Value extends string> {
  readonly value: Value;
  readonly label: string;
  readonly chosen: boolean;
  readonly onChoose: (value: Value) => void;
}

function Segment<Value extends string>({ value, label, chosen, onChoose }: SegmentProps<Value>): ReactElement {
  const choose = useCallback(() => {
    onChoose(value);
  }, [onChoose, value]);
  return (
    <button type="button" role="radio" aria-checked={chosen} onClick={choose}>
      {label}
    </button>
  );
}

interface CheckFieldProps {
  readonly label: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

/** Yes or no. */
export function CheckField({ label, checked, onChange }: CheckFieldProps): ReactElement {
  const change = useCallback(
    (event: ChangeEvent<HTMLInputElement>) => {
      onChange(event.target.checked);
    },
    [onChange],
  );
  return (
    <label className="check">
      <input type="checkbox" checked={checked} onChange={change} />
      <span>{label}</span>
    </label>
  );
}
