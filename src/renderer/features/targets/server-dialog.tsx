import { useCallback, useEffect, useRef, useState, type ReactElement } from 'react';
import type { TestReport } from '../../../contract/links.js';
import type { Failure, Result } from '../../../contract/result.js';
import { opensshReason } from '../../../contract/ssh-config.js';
import type { OpenSshHost, ServerDraft, TargetConfig } from '../../../contract/target.js';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { saveTarget, testTarget } from '../../state/targets-control.js';
import { Button } from '../../ui/button.js';
import { FailureNotice } from '../../ui/failure-notice.js';
import { TextField } from '../../ui/fields.js';
import { Modal } from '../../ui/modal.js';
import { ColourField } from './colour-field.js';
import { DebuginfodField } from './debuginfod-field.js';
import { JumpFields } from './jump-fields.js';
import { LoginFields } from './login-fields.js';
import { StartsAtBootField } from './starts-at-boot-field.js';
import {
  configOf,
  emptyServerForm,
  formOf,
  splitAddress,
  type FormErrors,
  type LoginForm,
  type ServerForm,
} from './server-form.js';

interface Props {
  /** null: a new one. */
  readonly targetId: string | null;
  /** What a new one begins with. */
  readonly draft?: ServerDraft | undefined;
}

/** Adds a server, or edits one. */
export function ServerDialog({ targetId, draft }: Props): ReactElement {
  const controls = useControls();
  const { store } = controls;
  const existing = useApp((state) => state.targets.find((target) => target.config.id === targetId)?.config);
  const [id] = useState(() => targetId ?? controls.newId('server'));
  const [form, setForm] = useState<ServerForm>(() => {
    const begin = existing?.kind === 'ssh' ? existing : draft;
    return begin === undefined ? emptyServerForm : formOf(begin);
  });
  const [errors, setErrors] = useState<FormErrors>({});
  const [failure, setFailure] = useState<Failure | null>(null);
  const [saving, setSaving] = useState(false);
  const test = useConnectionTest();

  const set = (field: 'port' | 'user' | 'name' | 'group') => (value: string) => {
    setForm((before) => ({ ...before, [field]: value }));
  };
  const setHost = useCallback((value: string) => {
    setForm((before) => splitAddress(before, value));
  }, []);
  const setLogin = useCallback((login: Partial<LoginForm>) => {
    setForm((before) => ({ ...before, ...login }));
  }, []);
  const setColour = useCallback((colour: ServerForm['colour']) => {
    setForm((before) => ({ ...before, colour }));
  }, []);
  const forgetConfig = useCallback(() => {
    setForm((before) => ({ ...before, openssh: null }));
  }, []);
  const setStartsAtBoot = useCallback((startsAtBoot: boolean) => {
    setForm((before) => ({ ...before, startsAtBoot }));
  }, []);
  const setDebuginfod = useCallback((debuginfod: string | null) => {
    setForm((before) => ({ ...before, debuginfod }));
  }, []);
  const importHosts = useCallback(() => {
    store.setState({ dialog: { kind: 'import-server' } });
  }, [store]);
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  const check = (): TargetConfig | undefined => {
    const checked = configOf(form, id, (existing?.kind === 'ssh' ? existing : draft) ?? {});
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
      {existing === undefined && draft === undefined ? (
        <div>
          <Button onClick={importHosts}>Import from your SSH configuration…</Button>
        </div>
      ) : null}
      {form.openssh === null ? null : <FollowedConfig host={form.openssh} onForget={forgetConfig} />}
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
      <LoginFields
        label="Authentication"
        login={form}
        onChange={setLogin}
        keyError={errors.keyPath}
        socketError={errors.agentSocket}
      />
      <JumpFields form={form} errors={errors.jumps} onChange={setForm} />
      <TextField
        label="Name"
        value={form.name}
        onChange={set('name')}
        error={errors.name}
        placeholder={form.host === '' ? 'as the host' : form.host}
      />
      <div className="halves">
        <TextField label="Group" value={form.group} onChange={set('group')} error={errors.group} placeholder="none" />
        <ColourField value={form.colour} onChoose={setColour} />
      </div>
      <StartsAtBootField value={form.startsAtBoot} onChange={setStartsAtBoot} />
      <DebuginfodField value={form.debuginfod} onChange={setDebuginfod} error={errors.debuginfod} />
      <TestOutcome result={test.result} />
      {failure === null ? null : <FailureNotice failure={failure} />}
    </Modal>
  );
}

interface FollowedConfigProps {
  readonly host: OpenSshHost;
  readonly onForget: () => void;
}

function FollowedConfig({ host, onForget }: FollowedConfigProps): ReactElement {
  return (
    <div className="notice" role="note">
      Goes through the system’s ssh: {visibleText(opensshReason(host))} What stands below comes first, the rest is read
      there with every connection.
      <div>
        <Button tone="quiet" className="inline-add" onClick={onForget}>
          Use only what stands below
        </Button>
      </div>
    </div>
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
