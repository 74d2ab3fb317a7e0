import { useCallback, type ReactElement } from 'react';
import { Segments, TextAreaField, TextField } from '../../ui/fields.js';
import type { PushForm } from './push-form.js';

const kinds = ['none', 'basic', 'bearer'] as const;
const kindsOfChange = ['keep', ...kinds] as const;
const kindLabels = { keep: 'As before', none: 'None', basic: 'User and password', bearer: 'Token' } as const;

interface PushFieldsProps {
  readonly form: PushForm;
  readonly error: string | undefined;
  readonly onChange: (form: PushForm) => void;
}

/** Address, tenant, credentials and certificates of a server. */
export function PushFields({ form, error, onChange }: PushFieldsProps): ReactElement {
  const change = useCallback(
    <Name extends keyof PushForm>(name: Name) =>
      (value: PushForm[Name]): void => {
        onChange({ ...form, [name]: value });
      },
    [form, onChange],
  );
  const secure = form.url.trim().startsWith('https://');
  const credentials = form.authentication === 'basic' || form.authentication === 'bearer';
  return (
    <>
      <TextField
        label="Server to push to"
        value={form.url}
        onChange={change('url')}
        error={error}
        placeholder="http://pyroscope.example:4040"
        hint={form.editing ? 'Another address or tenant is a server more.' : 'The address as the target sees it.'}
        mono
        autoFocus
      />
      <TextField
        label="Tenant"
        value={form.tenant}
        onChange={change('tenant')}
        hint="Sent as X-Scope-OrgID; empty where the server has no tenants."
        mono
      />
      <div className="field">
        <span className="field-label">Credentials</span>
        <Segments
          label="Credentials"
          values={form.editing ? kindsOfChange : kinds}
          labels={kindLabels}
          value={form.authentication}
          onChoose={change('authentication')}
          wide
        />
        {credentials ? (
          <p className="field-hint">
            They are kept on the target, where only the agent and root can read them, and not by this app.
            {secure ? '' : ' Without https:// they can be read on the way.'}
          </p>
        ) : null}
      </div>
      {form.authentication === 'basic' ? (
        <>
          <TextField label="User" value={form.user} onChange={change('user')} />
          <TextField label="Password" value={form.password} onChange={change('password')} type="password" />
        </>
      ) : null}
      {form.authentication === 'bearer' ? (
        <TextField label="Token" value={form.token} onChange={change('token')} type="password" />
      ) : null}
      {secure ? (
        <TextAreaField
          label="Certificates of its authority"
          value={form.caPem}
          onChange={change('caPem')}
          rows={3}
          placeholder="-----BEGIN CERTIFICATE-----"
          hint="Only where the target does not trust it anyway."
        />
      ) : null}
    </>
  );
}
