import { useCallback, type ReactElement } from 'react';
import { Segments, TextField } from '../../ui/fields.js';
import type { LoginForm } from './server-form.js';

const methods = ['agent', 'key', 'password'] as const;
const methodLabels = { agent: 'SSH agent', key: 'Key file', password: 'Password' } as const;
const methodHints = {
  agent: 'Keys that your SSH agent holds are offered.',
  key: 'Only this key is offered. A passphrase is asked for when it has one, and not stored.',
  password: 'It is asked for when connecting. It is not stored.',
} as const;

interface Props {
  readonly label: string;
  readonly login: LoginForm;
  readonly onChange: (change: Partial<LoginForm>) => void;
  readonly keyError?: string | undefined;
  readonly socketError?: string | undefined;
}

/** How to log in to one server: by what, and where that is. */
export function LoginFields({ label, login, onChange, keyError, socketError }: Props): ReactElement {
  const setMethod = useCallback(
    (method: LoginForm['method']) => {
      onChange({ method });
    },
    [onChange],
  );
  const setKey = useCallback(
    (keyPath: string) => {
      onChange({ keyPath });
    },
    [onChange],
  );
  const setSocket = useCallback(
    (agentSocket: string) => {
      onChange({ agentSocket });
    },
    [onChange],
  );
  return (
    <>
      <div className="field">
        <span className="field-label">{label}</span>
        <Segments label={label} values={methods} labels={methodLabels} value={login.method} onChoose={setMethod} wide />
        <p className="field-hint">{methodHints[login.method]}</p>
      </div>
      {login.method === 'key' ? (
        <TextField
          label="Private key"
          value={login.keyPath}
          onChange={setKey}
          error={keyError}
          placeholder="~/.ssh/id_ed25519"
          mono
        />
      ) : null}
      {login.method === 'agent' && login.agentSocket !== '' ? (
        <TextField label="Agent socket" value={login.agentSocket} onChange={setSocket} error={socketError} mono />
      ) : null}
    </>
  );
}
