import { useCallback, useId, useRef, type ChangeEvent, type ReactElement } from 'react';

interface RulesFieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** What is wrong with the rules, and on which line, from 1; 0: on none that is known. */
  readonly error: { readonly message: string; readonly line: number } | undefined;
}

const example = `- action: drop
  source_labels: [service_name]
  regex: redis|postgres`;

/** Relabel rules with the numbers of their lines; the line that is wrong is marked. */
export function RulesField({ value, onChange, error }: RulesFieldProps): ReactElement {
  const id = useId();
  const noteId = useId();
  const gutter = useRef<HTMLDivElement>(null);
  const change = useCallback(
    (event: ChangeEvent<HTMLTextAreaElement>) => {
      onChange(event.target.value);
    },
    [onChange],
  );
  const follow = useCallback((event: React.UIEvent<HTMLTextAreaElement>) => {
    if (gutter.current !== null) gutter.current.scrollTop = event.currentTarget.scrollTop;
  }, []);
  const lines = Math.max(value.split('\n').length, value === '' ? 3 : 1);
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        Relabel rules
      </label>
      <div className="rules">
        <div className="rules-gutter" ref={gutter} aria-hidden>
          {Array.from({ length: lines }, (_, index) => (
            <div key={index} className={error?.line === index + 1 ? 'bad' : undefined}>
              {index + 1}
            </div>
          ))}
        </div>
        <textarea
          id={id}
          className="input mono"
          rows={7}
          wrap="off"
          value={value}
          onChange={change}
          onScroll={follow}
          placeholder={example}
          aria-invalid={error !== undefined}
          aria-describedby={noteId}
          autoComplete="off"
          spellCheck={false}
        />
      </div>
      {error === undefined ? (
        <p id={noteId} className="field-hint">
          Prometheus’ relabel_configs, a list in YAML: keep, drop, replace and the other actions. They see the labels of
          a service, and __meta_process_exe, __meta_systemd_unit, __meta_docker_container_label_… and others.
        </p>
      ) : (
        <p id={noteId} className="field-error" role="alert">
          {error.line > 0 ? `Line ${error.line}: ` : ''}
          {error.message}
        </p>
      )}
    </div>
  );
}
