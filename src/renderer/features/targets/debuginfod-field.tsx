import { useCallback, type ReactElement } from 'react';
import { CheckField, TextField } from '../../ui/fields.js';
import { usualDebuginfod } from './server-form.js';

interface Props {
  /** null: off. */
  readonly value: string | null;
  readonly onChange: (value: string | null) => void;
  readonly error?: string | undefined;
}

/** Whether the agent asks a server for missing debug files, which one, and what that server learns. */
export function DebuginfodField({ value, onChange, error }: Props): ReactElement {
  const toggle = useCallback(
    (on: boolean) => {
      onChange(on ? usualDebuginfod : null);
    },
    [onChange],
  );
  return (
    <>
      <div className="field">
        <CheckField
          label="Get missing debug symbols from a debuginfod server"
          checked={value !== null}
          onChange={toggle}
        />
        <p className="field-hint">
          The agent then sends it the build-ids of the executables and libraries that it profiles and cannot name:
          whoever runs it learns which builds run here. From the next start of the agent on.
        </p>
      </div>
      {value === null ? null : (
        <TextField
          label="debuginfod server"
          value={value}
          onChange={onChange}
          error={error}
          placeholder={usualDebuginfod}
          hint="The address as the server sees it; it must be reachable from there."
          mono
        />
      )}
    </>
  );
}
