import { useCallback, useEffect, useState, type ReactElement } from 'react';
import { checkIds, checkLabels, type Check, type CheckId } from '../../../contract/check.js';
import type { Failure } from '../../../contract/result.js';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { Button } from '../../ui/button.js';
import { FailureNotice } from '../../ui/failure-notice.js';
import { Modal } from '../../ui/modal.js';
import { checksText, checksVerdict } from './check-words.js';
import { StateDot } from './state-dot.js';

type Found = Readonly<Partial<Record<CheckId, Check>>>;

const shapes = { ok: 'on', warning: 'warning', refused: 'failed', waiting: 'off' } as const;

/** Looks at all that an agent needs on a target, all at once, and says what was found and what to do. */
export function ChecksDialog({ targetId }: { readonly targetId: string }): ReactElement {
  const { store, links, shell } = useControls();
  const target = useApp((state) => state.targets.find((other) => other.config.id === targetId));
  const [round, setRound] = useState(0);
  const [found, setFound] = useState<Found>({});
  const [failure, setFailure] = useState<Failure | null>(null);
  useEffect(() => {
    const looking = new AbortController();
    const look = async (checkId: CheckId): Promise<void> => {
      const result = await links.call('target.check', { targetId, checkId }, looking.signal);
      if (looking.signal.aborted) return;
      if (result.ok) setFound((before) => ({ ...before, [checkId]: result.value }));
      else setFailure(result.failure);
    };
    for (const id of checkIds) void look(id); // each shows its own failure
    return () => {
      looking.abort();
    };
  }, [links, targetId, round]);
  const again = useCallback(() => {
    setFound({});
    setFailure(null);
    setRound((before) => before + 1);
  }, []);
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  const name = visibleText(target?.config.name ?? 'this target');
  const all = checkIds.flatMap((id) => found[id] ?? []);
  const done = all.length === checkIds.length;
  const copy = useCallback(() => {
    void shell.call('clipboard.write', { text: checksText(name, all) }); // nothing to say when it fails
  }, [shell, name, all]);
  return (
    <Modal
      title={`Checks of ${name}`}
      subtitle="What an agent needs there. Looking changes nothing."
      confirm="Close"
      cancel=""
      aside={
        <>
          <Button tone="quiet" onClick={again} disabled={!done && failure === null}>
            Check again
          </Button>
          <Button tone="quiet" onClick={copy} disabled={!done}>
            Copy
          </Button>
        </>
      }
      onConfirm={close}
      onCancel={close}
    >
      <ul className="checks selectable" aria-label="Checks" aria-busy={!done && failure === null}>
        {checkIds.map((id) => (
          <CheckRow key={id} label={checkLabels[id]} check={found[id]} given={failure !== null} />
        ))}
      </ul>
      {failure === null ? null : <FailureNotice failure={failure} />}
      {done ? <p role="status">{checksVerdict(all)}</p> : null}
    </Modal>
  );
}

interface RowProps {
  readonly label: string;
  readonly check: Check | undefined;
  /** Whether the answer will never come. */
  readonly given: boolean;
}

function CheckRow({ label, check, given }: RowProps): ReactElement {
  const state = check?.state ?? 'waiting';
  const waiting = given ? 'not looked at' : 'looking…';
  return (
    <li className="check-row" data-state={state}>
      <span role="img" aria-label={state} title={state}>
        <StateDot shape={shapes[state]} />
      </span>
      <span className="check-label">{label}</span>
      <span className="check-found">
        {check === undefined ? waiting : visibleText(check.found)}
        {check?.advice === undefined ? null : <span className="check-advice">{visibleText(check.advice)}</span>}
      </span>
    </li>
  );
}
