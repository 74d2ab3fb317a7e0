import { useCallback, useState, type ReactElement } from 'react';
import * as v from 'valibot';
import type { Failure } from '../../../contract/result.js';
import { PyroscopeConfig } from '../../../contract/target.js';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { setPyroscope } from '../../state/targets-control.js';
import { Button } from '../../ui/button.js';
import { FailureNotice } from '../../ui/failure-notice.js';
import { CheckField, Segments, TextField } from '../../ui/fields.js';
import { Modal } from '../../ui/modal.js';
import { LoginKindField, type LoginKind } from './login-kind-field.js';

const reaches = ['tunnel', 'direct'] as const;
const reachLabels = { tunnel: 'Through the link', direct: 'Directly from here' } as const;
const reachHints = {
  tunnel: 'The address as the server sees it. Pyrometer opens a tunnel over the link; no port is opened there.',
  direct: 'The address as this computer sees it.',
} as const;

/** Sets a target's Pyroscope: where it is, how it is reached, whether the agent pushes there. */
export function PyroscopeDialog({ targetId }: { readonly targetId: string }): ReactElement {
  const controls = useControls();
  const { store } = controls;
  const target = useApp((state) => state.targets.find((other) => other.config.id === targetId));
  const before = target?.config.pyroscope;
  const local = target?.config.kind !== 'ssh';
  const byPySpy = target?.agent.engine !== undefined;
  const [url, setUrl] = useState(before?.url ?? '');
  const [reach, setReach] = useState(before?.reach ?? (local ? 'direct' : 'tunnel'));
  const [push, setPush] = useState(before?.push ?? true);
  const [tenant, setTenant] = useState(before?.tenant ?? '');
  const [login, setLogin] = useState<LoginKind>(before?.login ?? 'none');
  const [error, setError] = useState<string | undefined>(undefined);
  const [tenantError, setTenantError] = useState<string | undefined>(undefined);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  const save = async (config: PyroscopeConfig | null): Promise<void> => {
    setBusy(true);
    const result = await setPyroscope(controls, targetId, config);
    setBusy(false);
    if (result.ok) close();
    else setFailure(result.failure);
  };
  const onSave = (): void => {
    const parsed = v.safeParse(PyroscopeConfig, {
      ...{ url: url.trim(), reach, push },
      ...(tenant.trim() === '' ? {} : { tenant: tenant.trim() }),
      ...(login === 'none' ? {} : { login }),
    });
    const wrong = parsed.success ? undefined : parsed.issues[0].path?.[0]?.key;
    setError(wrong === undefined || wrong === 'tenant' ? undefined : 'An address like http://localhost:4040');
    setTenantError(wrong === 'tenant' ? 'The name of a tenant, without spaces' : undefined);
    if (parsed.success) void save(parsed.output); // shows its own failure
  };
  const onClear = useCallback(() => {
    void save(null); // shows its own failure
    // eslint-disable-next-line react-hooks/exhaustive-deps -- save only uses what never changes while this is open
  }, []);
  return (
    <Modal
      title={`Pyroscope of ${visibleText(target?.config.name ?? '')}`}
      subtitle={
        byPySpy
          ? 'Read profiles that others pushed there, and have what py-spy records stand beside them.'
          : 'Read profiles that others pushed there, and keep the agent’s own for longer.'
      }
      confirm="Save"
      busy={busy}
      onConfirm={onSave}
      onCancel={close}
      aside={before === undefined ? null : <Button onClick={onClear}>Remove address</Button>}
    >
      <TextField
        label="Address"
        value={url}
        onChange={setUrl}
        error={error}
        placeholder="http://localhost:4040"
        mono
        autoFocus
      />
      {local ? null : (
        <div className="field">
          <span className="field-label">Reached</span>
          <Segments label="Reached" values={reaches} labels={reachLabels} value={reach} onChoose={setReach} wide />
          <p className="field-hint">{reachHints[reach]}</p>
        </div>
      )}
      <TextField label="Tenant, where it has several" value={tenant} onChange={setTenant} error={tenantError} mono />
      <LoginKindField value={login} onChoose={setLogin}>
        You are asked after Save. It is kept in memory until Pyrometer is closed and never saved here
        {byPySpy ? '.' : '; an agent that pushes there keeps it where only its own user and root may read.'}
      </LoginKindField>
      <CheckField
        label={byPySpy ? 'What py-spy records is pushed there' : 'The agent pushes its windows there'}
        checked={push}
        onChange={setPush}
      />
      {byPySpy ? (
        <p className="field-hint">
          By Pyrometer, from this computer and while it runs; what waits is pushed when the server answers again.
        </p>
      ) : null}
      {target?.pyroscope.state === 'failed' ? (
        <div className="notice bad">{visibleText(target.pyroscope.message ?? 'It does not answer.')}</div>
      ) : null}
      {failure === null ? null : <FailureNotice failure={failure} />}
    </Modal>
  );
}
