import { useCallback, useEffect, useState, type ReactElement } from 'react';
import type { Failure } from '../../../contract/result.js';
import { tunnelAddressText, type NewTunnel, type TunnelSuggestion } from '../../../contract/tunnels.js';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { openTunnel, suggestTunnels } from '../../state/tunnels-control.js';
import { Button } from '../../ui/button.js';
import { FailureNotice } from '../../ui/failure-notice.js';
import { TextField } from '../../ui/fields.js';
import { Modal } from '../../ui/modal.js';
import { Name } from '../../ui/name.js';
import { tunnelOf, type TunnelForm } from './tunnel-words.js';

/** Opens a tunnel to something that was found on the target with one click, or to an address that is typed. */
export function TunnelDialog({ targetId }: { readonly targetId: string }): ReactElement {
  const controls = useControls();
  const { store } = controls;
  const name = useApp((state) => state.targets.find((target) => target.config.id === targetId)?.config.name ?? '');
  const [form, setForm] = useState<TunnelForm>({ address: '', localPort: '', name: '' });
  const [errors, setErrors] = useState<Partial<Record<keyof TunnelForm, string>>>({});
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  const set = (field: keyof TunnelForm) => (value: string) => {
    setForm((before) => ({ ...before, [field]: value }));
  };
  const open = (tunnel: NewTunnel): void => {
    const run = async (): Promise<void> => {
      setBusy(true);
      setFailure(null);
      const result = await openTunnel(controls, targetId, tunnel);
      setBusy(false);
      if (result.ok) close();
      else setFailure(result.failure);
    };
    void run(); // shows its own failure
  };
  const onConfirm = (): void => {
    const checked = tunnelOf(form);
    setErrors('errors' in checked ? checked.errors : {});
    if ('tunnel' in checked) open(checked.tunnel);
  };
  return (
    <Modal
      title={`Tunnel to ${visibleText(name)}`}
      subtitle="A port on this computer that leads there. Everybody who is logged in here can use it."
      confirm="Open tunnel"
      busy={busy}
      onConfirm={onConfirm}
      onCancel={close}
    >
      <Suggestions targetId={targetId} busy={busy} onOpen={open} />
      <TextField
        label="Address"
        value={form.address}
        onChange={set('address')}
        error={errors.address}
        hint={`As ${visibleText(name)} sees it: a port, host:port, or the path of a Unix socket.`}
        placeholder="localhost:5432"
        mono
        autoFocus
      />
      <div className="halves">
        <TextField
          label="Port here"
          value={form.localPort}
          onChange={set('localPort')}
          error={errors.localPort}
          placeholder="the same, or a free one"
          inputMode="numeric"
        />
        <TextField
          label="Name"
          value={form.name}
          onChange={set('name')}
          error={errors.name}
          placeholder="the address"
        />
      </div>
      {failure === null ? null : <FailureNotice failure={failure} />}
    </Modal>
  );
}

interface SuggestionsProps {
  readonly targetId: string;
  readonly busy: boolean;
  readonly onOpen: (tunnel: NewTunnel) => void;
}

function Suggestions({ targetId, busy, onOpen }: SuggestionsProps): ReactElement {
  const controls = useControls();
  const tunnels = useApp((state) => state.tunnels[targetId]);
  const [found, setFound] = useState<readonly TunnelSuggestion[] | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  useEffect(() => {
    const asking = new AbortController();
    const ask = async (): Promise<void> => {
      const result = await suggestTunnels(controls, targetId, asking.signal);
      if (asking.signal.aborted) return;
      if (result.ok) setFound(result.value);
      else setFailure(result.failure);
    };
    void ask(); // shows its own failure
    return () => {
      asking.abort();
    };
  }, [controls, targetId]);
  const taken = new Set(tunnels?.map(({ config }) => tunnelAddressText(config.to)));
  const rest = found?.filter(({ to }) => !taken.has(tunnelAddressText(to)));
  if (failure !== null) return <FailureNotice failure={failure} />;
  if (rest === undefined) return <p className="field-hint">Looking for Pyroscope, Grafana and Alloy there…</p>;
  if (rest.length === 0) {
    return (
      <p className="field-hint">No {taken.size > 0 ? 'other ' : ''}Pyroscope, Grafana or Alloy was found there.</p>
    );
  }
  return (
    <ul className="found" aria-label="Found there">
      {rest.map(({ name, to, why }) => (
        <li key={tunnelAddressText(to)}>
          <span>
            <Name text={name} />
            <span className="field-hint" title={tunnelAddressText(to)}>
              {visibleText(why)}
            </span>
          </span>
          <Button
            disabled={busy}
            aria-label={`Open a tunnel to ${name} at ${tunnelAddressText(to)}`}
            onClick={() => {
              onOpen({ name, to });
            }}
          >
            Open
          </Button>
        </li>
      ))}
    </ul>
  );
}
