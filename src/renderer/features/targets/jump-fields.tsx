import { useCallback, type ReactElement } from 'react';
import { Button } from '../../ui/button.js';
import { TextField } from '../../ui/fields.js';
import { LoginFields } from './login-fields.js';
import { changeJump, withJump, withoutJump, type JumpForm, type LoginForm, type ServerForm } from './server-form.js';

interface Props {
  readonly form: ServerForm;
  readonly errors: Readonly<Record<number, string>> | undefined;
  readonly onChange: (change: (form: ServerForm) => ServerForm) => void;
}

/** The servers on the way to the target, each with a login of its own. */
export function JumpFields({ form, errors, onChange }: Props): ReactElement {
  const add = useCallback(() => {
    onChange(withJump);
  }, [onChange]);
  return (
    <div className="field">
      {form.jumps.map((jump, index) => (
        <Jump key={jump.id} jump={jump} number={index + 1} error={errors?.[index]} onChange={onChange} />
      ))}
      <div>
        <Button tone="quiet" className="inline-add" onClick={add} disabled={form.jumps.length >= 8}>
          {form.jumps.length === 0 ? 'Connect through another server…' : 'Add a server on the way…'}
        </Button>
      </div>
    </div>
  );
}

interface JumpProps {
  readonly jump: JumpForm;
  readonly number: number;
  readonly error: string | undefined;
  readonly onChange: Props['onChange'];
}

function Jump({ jump, number, error, onChange }: JumpProps): ReactElement {
  const change = useCallback(
    (changed: Partial<JumpForm>) => {
      onChange((form) => changeJump(form, { ...jump, ...changed }));
    },
    [onChange, jump],
  );
  const setAddress = useCallback(
    (address: string) => {
      change({ address });
    },
    [change],
  );
  const setLogin = useCallback(
    (login: Partial<LoginForm>) => {
      change(login);
    },
    [change],
  );
  const remove = useCallback(() => {
    onChange((form) => withoutJump(form, jump.id));
  }, [onChange, jump.id]);
  const keyError = error?.startsWith('Where') === true ? error : undefined;
  return (
    <fieldset className="jump">
      <legend>Server {number} on the way</legend>
      <div className="jump-address">
        <TextField
          label={`Address of server ${number}`}
          value={jump.address}
          onChange={setAddress}
          error={keyError === undefined ? error : undefined}
          placeholder="user@bastion.example.com:22"
        />
        <Button tone="quiet" onClick={remove} aria-label={`Remove server ${number} on the way`}>
          Remove
        </Button>
      </div>
      <LoginFields label={`Authentication at server ${number}`} login={jump} onChange={setLogin} keyError={keyError} />
    </fieldset>
  );
}
