import { useCallback, useEffect, useMemo, useState, type ReactElement } from 'react';
import { defaultNaming, type Naming, type Running } from '../../../contract/profiled.js';
import type { Failure } from '../../../contract/result.js';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { FailureNotice } from '../../ui/failure-notice.js';
import { CheckField } from '../../ui/fields.js';
import { Modal } from '../../ui/modal.js';
import { Name } from '../../ui/name.js';
import { LabelsField } from './labels-field.js';
import { hasAgent } from '../targets/target-words.js';
import { cleaned, namingOf, previewSentence, renamedRows, type RenamedRow } from './naming-preview.js';
import { RulesField } from './rules-field.js';

/** How long typing rests before the agent is asked. */
const restMs = 250;

/**
 * How a target's agent calls services, with what that would do to those that run now. Where none runs it is kept for the one that
 * is started next.
 */
export function NamingDialog({ targetId }: { readonly targetId: string }): ReactElement {
  const { store, links } = useControls();
  const target = useApp((state) => state.targets.find((other) => other.config.id === targetId));
  const [naming, setNaming] = useState<Naming>((target === undefined ? undefined : namingOf(target)) ?? defaultNaming);
  const running = target !== undefined && hasAgent(target);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  const preview = usePreview(targetId, naming, running);
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  const save = useCallback(() => {
    const run = async (): Promise<void> => {
      setBusy(true);
      const wanted = { targetId, naming: cleaned(naming) };
      const told = running ? await links.call('agent.setNaming', wanted) : null;
      const result = told === null || told.ok ? await links.call('targets.setNaming', wanted) : told;
      setBusy(false);
      if (result.ok) close();
      else setFailure(result.failure);
    };
    void run(); // shows its own failure
  }, [close, links, naming, running, targetId]);
  const setLabels = useCallback((labels: Naming['labels']) => {
    setNaming((before) => ({ ...before, labels }));
  }, []);
  const setSlash = useCallback((leadingSlash: boolean) => {
    setNaming((before) => ({ ...before, leadingSlash }));
  }, []);
  const setRules = useCallback((relabelConfigs: string) => {
    setNaming((before) => ({ ...before, relabelConfigs }));
  }, []);
  const flaw = preview.running?.namingError;
  const ofRules = flaw !== undefined && (flaw.rule > 0 || flaw.line > 0 || naming.labels.length === 0);
  return (
    <Modal
      title={`How services on ${visibleText(target?.config.name ?? '')} are called`}
      subtitle={
        running
          ? 'From the next window on, kept on the target, and given to agents that are started from here. What was stored keeps its names.'
          : 'No agent runs there. The one that is started next from here gets this before it samples.'
      }
      confirm="Call them so"
      confirmDisabled={flaw !== undefined}
      busy={busy}
      onConfirm={save}
      onCancel={close}
    >
      <div className="naming">
        <LabelsField labels={naming.labels} onChange={setLabels} />
        {flaw !== undefined && !ofRules ? (
          <p className="field-error" role="alert">
            {visibleText(flaw.message)}
          </p>
        ) : null}
        <CheckField
          label="Call containers /name, as Grafana Alloy does"
          checked={naming.leadingSlash}
          onChange={setSlash}
        />
        <RulesField
          value={naming.relabelConfigs}
          onChange={setRules}
          error={ofRules ? { message: visibleText(flaw.message), line: flaw.line } : undefined}
        />
        {running && flaw === undefined ? <Preview running={preview.running} /> : null}
        {running ? null : (
          <p className="field-hint">Rules are judged by the agent: one with rules that are wrong does not start.</p>
        )}
        {preview.failure === null ? null : <FailureNotice failure={preview.failure} />}
        {failure === null ? null : <FailureNotice failure={failure} />}
      </div>
    </Modal>
  );
}

interface PreviewState {
  readonly running: Running | null;
  readonly failure: Failure | null;
}

/** Asks an agent that runs what a naming would do, when typing rests. What was answered stays until the next answer. */
function usePreview(targetId: string, naming: Naming, running: boolean): PreviewState {
  const { links } = useControls();
  const [preview, setPreview] = useState<PreviewState>({ running: null, failure: null });
  useEffect(() => {
    if (!running) return undefined;
    const asking = new AbortController();
    const ask = async (): Promise<void> => {
      const params = { targetId, proposed: cleaned(naming) };
      const result = await links.query('agent.processes', params, asking.signal);
      if (asking.signal.aborted) return;
      setPreview((before) =>
        result.ok ? { running: result.value, failure: null } : { running: before.running, failure: result.failure },
      );
    };
    const timer = setTimeout(() => void ask(), restMs);
    return () => {
      clearTimeout(timer);
      asking.abort();
    };
  }, [links, naming, running, targetId]);
  return preview;
}

function Preview({ running }: { readonly running: Running | null }): ReactElement {
  const rows = useMemo(() => (running === null ? [] : renamedRows(running.processes)), [running]);
  if (running === null) return <p className="field-hint">Looking at what runs there…</p>;
  return (
    <section className="field" aria-label="What would change">
      <span className="field-label">What would change</span>
      <p className="field-hint" role="status">
        {previewSentence(rows)} Dropped ones are passed over in the kernel, before their stacks are walked.
      </p>
      <ul className="renamed scroll" aria-label="Services by the new naming">
        {rows.map((row) => (
          <Renamed key={JSON.stringify([row.before, row.after])} row={row} />
        ))}
      </ul>
    </section>
  );
}

function Renamed({ row: { before, after, processes, labels } }: { readonly row: RenamedRow }): ReactElement {
  const same = before === after;
  return (
    <li className={same ? 'same' : undefined} title={labels.map(visibleText).join('\n')}>
      {before === '' ? <span className="renamed-gone">dropped now</span> : <Name text={before} />}
      {same ? null : (
        <>
          <span aria-hidden>→</span>
          {after === '' ? (
            <span className="renamed-gone">dropped</span>
          ) : (
            <Name text={after} className="renamed-after" />
          )}
        </>
      )}
      <span className="choice-note">{processes === 1 ? '1 process' : `${processes} processes`}</span>
    </li>
  );
}
