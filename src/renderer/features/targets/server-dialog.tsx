import { useCallback, useEffect, useRef, useState, type ReactElement } from 'react';
import type { TestReport } from '../../../contract/links.js';
import type { Failure, Result } from '../../../contract/result.js';
import type { TargetConfig } from '../../../contract/target.js';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { saveTarget, testTarget } from '../../state/targets-control.js';
import { Button } from '../../ui/button.js';
import { FailureNotice } from '../../ui/failure-notice.js';
import { Segments, TextField } from '../../ui/fields.js';
import { Modal } from '../../ui/modal.js';
import { configOf, emptyServerForm, formOf, splitAddress, type FormErrors, type ServerForm } from './server-form.js';

const methods = ['agent', 'key', 'password'] as const;
const methodLabels = { agent: 'SSH agent', key: 'Key file', password: 'Password' } as const;
const methodHints = {
  agent: 'Keys that your SSH agent holds are offered.',
  key: 'A passphrase is asked for when the key has one. It is not stored.',
  password: 'It is asked for when connecting. It is not stored.',
} as const;

/** Adds a server, or edits one. */
export function ServerDialog({ targetId }: { readonly targetId: string | null }): ReactElement {
  const controls = useControls();
  const { store } = controls;
  const existing = useApp((state) => state.targets.find((target) => target.config.id === targetId)?.config);
  const [id] = useState(() => targetId ?? controls.newId('server'));
  const [form, setForm] = useState<ServerForm>(() => (existing?.kind === 'ssh' ? formOf(existing) : emptyServerForm));
  const [errors, setErrors] = useState<FormErrors>({});
  const [failure, setFailure] = useState<Failure | null>(null);
  const [saving, setSaving] = useState(false);
  const test = useConnectionTest();

  const set = (field: keyof ServerForm) => (value: string) => {
    setForm((before) => ({ ...before, [field]: value }));
  };
  const setHost = useCallback((value: string) => {
    setForm((before) => splitAddress(before, value));
  }, []);
  const setMethod = useCallback((method: ServerForm['method']) => {
    setForm((before) => ({ ...before, method }));
  }, []);
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  const check = (): TargetConfig | undefined => {
    const checked = configOf(form, id, existing?.pyroscope);
    setErrors('errors' in checked ? checked.errors : {});
    return 'config' in checked ? checked.config : undefined;
  };
  const save = async (config: TargetConfig): Promise<void> => {
    setSaving(true);
    const result = await saveTarget(controls, config);
    setSaving(false);
    if (result.ok) close();
    else setFailure(result.failure);
  };
  const onSave = (): void => {
    const config = check();
    if (config !== undefined) void save(config); // shows its own failure
  };
  const onTest = (): void => {
    const config = check();
    if (config !== undefined) test.run(config);
  };

  return (
    <Modal
      title={existing === undefined ? 'Add server' : `Edit ${visibleText(existing.name)}`}
      subtitle="Pyrometer connects over SSH. Nothing is installed until you press Start agent."
      confirm="Save"
      busy={saving}
      onConfirm={onSave}
      onCancel={close}
      aside={
        <Button busy={test.running} onClick={onTest}>
          Test connection
        </Button>
      }
    >
      <div className="two">
        <TextField
          label="Host"
          value={form.host}
          onChange={setHost}
          error={errors.host}
          placeholder="web-1.example.com or user@host:port"
          autoFocus
        />
        <TextField label="Port" value={form.port} onChange={set('port')} error={errors.port} inputMode="numeric" />
      </div>
      <TextField label="User" value={form.user} onChange={set('user')} error={errors.user} placeholder="deploy" />
      <TextField
        label="Name"
        value={form.name}
        onChange={set('name')}
        error={errors.name}
        placeholder={form.host === '' ? 'as the host' : form.host}
      />
      <div className="field">
        <span className="field-label">Authentication</span>
        <Segments
          label="Authentication"
          values={methods}
          labels={methodLabels}
          value={form.method}
          onChoose={setMethod}
          wide
        />
        <p className="field-hint">{methodHints[form.method]}</p>
      </div>
      {form.method === 'key' ? (
        <TextField
          label="Private key"
          value={form.keyPath}
          onChange={set('keyPath')}
          error={errors.keyPath}
          placeholder="~/.ssh/id_ed25519"
          mono
        />
      ) : null}
      <TestOutcome result={test.result} />
      {failure === null ? null : <FailureNotice failure={failure} />}
    </Modal>
  );
}

interface ConnectionTest {
  readonly running: boolean;
  readonly result: Result<TestReport> | null;
  readonly run: (config: TargetConfig) => void;
}

/** A test of a configuration; the one before it is given up, and so is the last when the form closes. */
function useConnectionTest(): ConnectionTest {
  const controls = useControls();
  const [result, setResult] = useState<Result<TestReport> | null>(null);
  const [running, setRunning] = useState(false);
  const current = useRef<AbortController | null>(null);
  useEffect(
    () => () => {
      current.current?.abort();
    },
    [],
  );
  const run = useCallback(
    (config: TargetConfig) => {
      current.current?.abort();
      const controller = new AbortController();
      current.current = controller;
      const test = async (): Promise<void> => {
        setRunning(true);
        setResult(null);
        const answer = await testTarget(controls, config, controller.signal);
        if (controller.signal.aborted) return;
        setRunning(false);
        setResult(answer);
      };
      void test(); // keeps its failure in the state
    },
    [controls],
  );
  return { running, result, run };
}

function TestOutcome({ result }: { readonly result: Result<TestReport> | null }): ReactElement | null {
  if (result === null) return null;
  if (!result.ok) return <FailureNotice failure={result.failure} />;
  const { latencyMs, system, agent } = result.value;
  return (
    <div className="notice" role="status">
      <strong className="ok-text">Connected</strong> in {Math.round(latencyMs)} ms to {visibleText(system)}.
      <br />
      {agent.possible ? '✓ ' : '! '}
      {visibleText(agent.message)}
    </div>
  );
}
