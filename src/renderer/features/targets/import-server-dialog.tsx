import { useCallback, useEffect, useMemo, useState, type ChangeEvent, type ReactElement } from 'react';
import type { ConfigHosts } from '../../../contract/ssh-config.js';
import type { Failure } from '../../../contract/result.js';
import { useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { listConfigHosts, resolveConfigHost } from '../../state/targets-control.js';
import { FailureNotice } from '../../ui/failure-notice.js';
import { Modal } from '../../ui/modal.js';
import { Name } from '../../ui/name.js';

/** From so many hosts on there is a field to filter them. */
const filterFrom = 8;

/** Lists the hosts of the user's SSH configuration; reads the settings of the one that is chosen. */
export function ImportServerDialog(): ReactElement {
  const controls = useControls();
  const { store } = controls;
  const [hosts, setHosts] = useState<ConfigHosts | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [filter, setFilter] = useState('');
  const [chosen, setChosen] = useState<string | null>(null);
  const [reading, setReading] = useState<AbortController | null>(null);
  useEffect(() => {
    const list = async (): Promise<void> => {
      const result = await listConfigHosts(controls);
      if (result.ok) setHosts(result.value);
      else setFailure(result.failure);
    };
    void list(); // keeps its failure in the state
  }, [controls]);
  useEffect(
    () => () => {
      reading?.abort();
    },
    [reading],
  );
  const names = useMemo(() => {
    const wanted = filter.toLowerCase();
    return (hosts?.names ?? []).filter((name) => name.toLowerCase().includes(wanted));
  }, [hosts, filter]);
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  const read = useCallback(() => {
    if (chosen === null) return;
    const controller = new AbortController();
    const resolve = async (): Promise<void> => {
      setReading(controller);
      setFailure(null);
      const result = await resolveConfigHost(controls, chosen, controller.signal);
      if (controller.signal.aborted) return;
      setReading(null);
      if (!result.ok) {
        setFailure(result.failure);
        return;
      }
      const { name, hop, jumps, openssh } = result.value;
      const draft = {
        name,
        ...hop,
        ...(jumps.length === 0 ? {} : { jumps: [...jumps] }),
        ...(openssh === undefined ? {} : { openssh }),
      };
      store.setState({ dialog: { kind: 'server', targetId: null, draft } });
    };
    void resolve(); // keeps its failure in the state
  }, [controls, store, chosen]);
  const onFilter = useCallback((event: ChangeEvent<HTMLInputElement>) => {
    setFilter(event.target.value);
  }, []);
  return (
    <Modal
      title="Import a server"
      subtitle="The hosts that your SSH configuration names. Nothing of them was read yet but their names."
      confirm="Read its settings"
      confirmDisabled={chosen === null}
      busy={reading !== null}
      onConfirm={read}
      onCancel={close}
    >
      {(hosts?.names.length ?? 0) >= filterFrom ? (
        <input
          className="input"
          type="search"
          placeholder="Filter hosts"
          aria-label="Filter hosts"
          value={filter}
          onChange={onFilter}
          spellCheck={false}
        />
      ) : null}
      {names.length > 0 ? (
        <ul className="choices scroll" role="radiogroup" aria-label="Hosts">
          {names.map((name) => (
            <HostChoice key={name} name={name} chosen={name === chosen} onChoose={setChosen} />
          ))}
        </ul>
      ) : (
        <p className="field-hint">{hosts === null ? '' : emptyNote(hosts, filter)}</p>
      )}
      {hosts !== null && hosts.unusable > 0 && names.length > 0 ? (
        <p className="field-hint">{unusableNote(hosts.unusable)}</p>
      ) : null}
      <p className="notice" role="note">
        Reading the settings runs <code>ssh -G</code> for the chosen host, as connecting by ssh would: it runs the
        commands of <code>Match exec</code> lines in your configuration. It connects to nothing.
      </p>
      {failure === null ? null : <FailureNotice failure={failure} />}
    </Modal>
  );
}

function unusableNote(count: number): string {
  return count === 1
    ? '1 name was left out: it holds characters that no host name has.'
    : `${count} names were left out: they hold characters that no host name has.`;
}

function emptyNote(hosts: ConfigHosts, filter: string): string {
  if (filter !== '') return `No host is called “${visibleText(filter)}”.`;
  const left = hosts.unusable > 0 ? ` ${unusableNote(hosts.unusable)}` : '';
  return `${visibleText(hosts.file)} names no host.${left}`;
}

interface ChoiceProps {
  readonly name: string;
  readonly chosen: boolean;
  readonly onChoose: (name: string) => void;
}

function HostChoice({ name, chosen, onChoose }: ChoiceProps): ReactElement {
  const choose = useCallback(() => {
    onChoose(name);
  }, [onChoose, name]);
  return (
    <li>
      <button type="button" role="radio" className="choice" aria-checked={chosen} onClick={choose}>
        <Name text={name} />
      </button>
    </li>
  );
}
