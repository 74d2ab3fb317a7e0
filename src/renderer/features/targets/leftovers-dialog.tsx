import { useCallback, useEffect, useMemo, useState, type ReactElement } from 'react';
import type { Failure } from '../../../contract/result.js';
import type { Leftover, Remainder } from '../../../contract/target.js';
import { useApp, useControls } from '../../app/workbench.js';
import { formatBytes, formatCount } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import { removeLeftovers } from '../../state/targets-control.js';
import { Modal } from '../../ui/modal.js';
import { alikeNames } from './alike-names.js';

const kinds = {
  binary: 'the agent',
  store: 'profiles and log',
  sockets: 'sockets and state',
  unit: 'starts the agent after a reboot',
  program: 'the agent that root runs',
  copy: 'a copy of the agent that a crash left',
  mount: 'mounted by the agent',
  process: 'process',
  container: 'container that runs py-spy',
} as const;

/** Shows what of ours lies on a target, removes it, and shows what remains. */
export function LeftoversDialog({ targetId }: { readonly targetId: string }): ReactElement {
  const controls = useControls();
  const { store, links } = controls;
  const target = useApp((state) => state.targets.find((other) => other.config.id === targetId));
  const [found, setFound] = useState<readonly Leftover[] | null>(null);
  const [remains, setRemains] = useState<readonly Remainder[] | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    const asking = new AbortController();
    const ask = async (): Promise<void> => {
      const result = await links.call('leftovers.list', { targetId }, asking.signal);
      if (asking.signal.aborted) return;
      if (result.ok) setFound(result.value);
      else setFailure(result.failure);
    };
    void ask(); // shows its own failure
    return () => {
      asking.abort();
    };
  }, [links, targetId]);
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  const held = failure?.code === 'agent-in-use';
  const nothing = found !== null && found.length === 0;
  const remove = useCallback(() => {
    const run = async (): Promise<void> => {
      setBusy(true);
      const result = await removeLeftovers(controls, targetId, held);
      setBusy(false);
      if (!result.ok) setFailure(result.failure);
      else if (result.value.length === 0) close();
      else {
        setFailure(null);
        setRemains(result.value);
      }
    };
    if (nothing) close();
    else void run(); // shows its own failure
  }, [close, controls, held, nothing, targetId]);
  return (
    <Modal
      title={`What is on ${visibleText(target?.config.name ?? 'this target')}`}
      confirm={nothing ? 'Close' : held ? 'Remove anyway' : remains === null ? 'Remove all' : 'Try again'}
      confirmTone={nothing ? 'accent' : 'danger'}
      busy={busy || (found === null && failure === null)}
      onConfirm={remove}
      onCancel={close}
    >
      {remains !== null ? (
        <>
          <p className="notice">Not all could be removed. This is still there:</p>
          <ul aria-label="What remains">
            {remains.map((remainder) => (
              <LeftoverRow key={remainder.path} leftover={remainder} why={remainder.why} />
            ))}
          </ul>
        </>
      ) : found === null ? null : nothing ? (
        <p>Nothing of Pyrometer is there.</p>
      ) : (
        <>
          <p>This stops the agent there and deletes what it sampled. Snapshots in this app stay.</p>
          <ul aria-label="What is there">
            {found.map((leftover) => (
              <LeftoverRow key={leftover.path} leftover={leftover} />
            ))}
          </ul>
        </>
      )}
      {failure === null ? null : <p className="notice">{visibleText(failure.message)}</p>}
    </Modal>
  );
}

/** Kinds that hold files. */
const folders: ReadonlySet<Leftover['kind']> = new Set(['binary', 'store', 'sockets', 'copy']);

interface RowProps {
  readonly leftover: Leftover;
  readonly why?: string;
}

function LeftoverRow({ leftover, why }: RowProps): ReactElement {
  const { kind, path, byteLength, contents } = leftover;
  return (
    <li className="leftover selectable">
      <code>{visibleText(path)}</code>, {kinds[kind]}
      {byteLength === undefined ? null : `, ${formatBytes(byteLength)}`}
      {contents === undefined && folders.has(kind) ? '; only root may list what is in it' : null}
      {why === undefined ? null : `: ${visibleText(why)}`}
      {contents === undefined || contents.length === 0 ? null : <Contents names={contents} />}
    </li>
  );
}

/** What lies in a folder; of symbol files, which may be thousands, one line that unfolds. */
function Contents({ names }: { readonly names: readonly string[] }): ReactElement {
  const groups = useMemo(() => alikeNames(names), [names]);
  return (
    <ul>
      {groups.map(({ title, names: of }) => (
        <li key={title}>
          {of.length === 1 ? (
            <code>{visibleText(title)}</code>
          ) : (
            <details>
              <summary>
                <code>{visibleText(title)}</code>, {formatCount(of.length)} files
              </summary>
              <ul>
                {of.map((name) => (
                  <li key={name}>
                    <code>{visibleText(name)}</code>
                  </li>
                ))}
              </ul>
            </details>
          )}
        </li>
      ))}
    </ul>
  );
}
