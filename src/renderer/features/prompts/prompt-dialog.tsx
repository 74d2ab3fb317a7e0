import { useCallback, useState, type ReactElement } from 'react';
import type { Prompt } from '../../../contract/links.js';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { answerPrompt } from '../../state/targets-control.js';
import { CheckField, TextField } from '../../ui/fields.js';
import { Modal } from '../../ui/modal.js';

/** The oldest question that waits for an answer. */
export function PromptDialog(): ReactElement | null {
  const prompt = useApp((state) => state.prompts[0]);
  if (prompt === undefined) return null;
  // The key makes each question a dialog of its own: nothing typed for one can reach another.
  return prompt.kind === 'host-key' ? (
    <HostKeyDialog key={prompt.promptId} prompt={prompt} />
  ) : (
    <SecretDialog key={prompt.promptId} prompt={prompt} />
  );
}

function HostKeyDialog({ prompt }: { readonly prompt: Extract<Prompt, { kind: 'host-key' }> }): ReactElement {
  const controls = useControls();
  const [compared, setCompared] = useState(false);
  const accept = useCallback(() => {
    if (compared) void answerPrompt(controls, prompt, true, []); // shows its own failure
  }, [compared, controls, prompt]);
  const refuse = useCallback(() => {
    void answerPrompt(controls, prompt, false, []); // shows its own failure
  }, [controls, prompt]);
  return (
    <Modal
      title={`Is this ${visibleText(prompt.host)}?`}
      subtitle="It has not been seen before. Compare its key with what its administrator told you."
      confirm="Accept key"
      confirmDisabled={!compared}
      cancel="Refuse"
      onConfirm={accept}
      onCancel={refuse}
    >
      <div className="key-print">
        <span className="mute">{visibleText(prompt.keyType)}</span>
        <code className="selectable">{visibleText(prompt.fingerprint)}</code>
      </div>
      <p className="field-hint">
        On the server: <code>ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub</code>. The key is kept; if it ever
        changes, the connection is refused.
      </p>
      <CheckField label="I trust this key" checked={compared} onChange={setCompared} />
    </Modal>
  );
}

function SecretDialog({ prompt }: { readonly prompt: Extract<Prompt, { kind: 'secret' }> }): ReactElement {
  const controls = useControls();
  const [values, setValues] = useState<readonly string[]>(() => prompt.fields.map(() => ''));
  const submit = useCallback(() => {
    void answerPrompt(controls, prompt, true, values); // shows its own failure
  }, [controls, prompt, values]);
  const cancel = useCallback(() => {
    void answerPrompt(controls, prompt, false, []); // shows its own failure
  }, [controls, prompt]);
  const setValue = useCallback((index: number, value: string) => {
    setValues((before) => before.with(index, value));
  }, []);
  return (
    <Modal
      title={visibleText(prompt.title)}
      subtitle={visibleText(prompt.explanation)}
      confirm="Continue"
      onConfirm={submit}
      onCancel={cancel}
    >
      {prompt.fields.map((field, index) => (
        <SecretField
          key={index}
          index={index}
          label={visibleText(field.label)}
          echo={field.echo}
          value={values[index] ?? ''}
          onChange={setValue}
        />
      ))}
      <p className="field-hint">It is never stored.</p>
    </Modal>
  );
}

interface SecretFieldProps {
  readonly index: number;
  readonly label: string;
  readonly echo: boolean;
  readonly value: string;
  readonly onChange: (index: number, value: string) => void;
}

function SecretField({ index, label, echo, value, onChange }: SecretFieldProps): ReactElement {
  const change = useCallback(
    (next: string) => {
      onChange(index, next);
    },
    [index, onChange],
  );
  return (
    <TextField
      label={label}
      value={value}
      onChange={change}
      type={echo ? 'text' : 'password'}
      autoFocus={index === 0}
    />
  );
}
