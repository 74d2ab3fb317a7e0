import { useCallback, useId, useState, type ChangeEvent, type ReactElement, type SyntheticEvent } from 'react';
import type { Scale } from '../../../contract/decoder.js';
import type { Failure } from '../../../contract/result.js';
import { parsePrometheusPlace, type CountedWork } from '../../../contract/work-counter.js';
import { useApp, useControls } from '../../app/workbench.js';
import { countWork, hasWorkRanges } from '../../state/work-control.js';
import { Button } from '../../ui/button.js';
import { FailureNotice } from '../../ui/failure-notice.js';
import { TextField } from '../../ui/fields.js';
import { useEnding } from '../../ui/use-ending.js';
import { LoginKindField, type LoginKind } from '../targets/login-kind-field.js';

interface WorkFormProps {
  readonly scale: Scale;
  /** `counted`: a Prometheus said these numbers. */
  readonly onUse: (scale: Scale, counted: boolean) => void;
}

/** Asks how much work each side did, since no profile knows; or has a Prometheus say it. */
export function WorkForm({ scale, onUse }: WorkFormProps): ReactElement {
  const known = scale.by === 'work' ? scale : null;
  const [baseline, setBaseline] = useState(known === null ? '' : String(known.baseline));
  const [comparison, setComparison] = useState(known === null ? '' : String(known.comparison));
  const keptCounted = useApp((state) => state.workCounted);
  const [counted, setCounted] = useState<CountedWork | null>(keptCounted ? known : null);
  const [wrong, setWrong] = useState('');
  const ids = useId();
  const submit = useCallback(
    (event: SyntheticEvent) => {
      event.preventDefault();
      const [before, after] = [amountOf(baseline), amountOf(comparison)];
      if (before === null || after === null) setWrong('Say how many on both sides: numbers above 0.');
      else {
        const isCounted = counted?.baseline === before && counted.comparison === after;
        onUse({ by: 'work', baseline: before, comparison: after }, isCounted);
      }
    },
    [baseline, comparison, counted, onUse],
  );
  const set = (take: (text: string) => void) => (event: ChangeEvent<HTMLInputElement>) => {
    setWrong('');
    take(event.target.value);
  };
  const take = useCallback((work: CountedWork) => {
    setWrong('');
    setCounted(work);
    setBaseline(String(work.baseline));
    setComparison(String(work.comparison));
  }, []);
  return (
    <>
      <form className="work-form" onSubmit={submit}>
        <p className="details-hint">Requests, messages or what else was counted in each range.</p>
        <label htmlFor={`${ids}-a`}>In A</label>
        <input className="input" id={`${ids}-a`} inputMode="decimal" value={baseline} onChange={set(setBaseline)} />
        <label htmlFor={`${ids}-b`}>In B</label>
        <input className="input" id={`${ids}-b`} inputMode="decimal" value={comparison} onChange={set(setComparison)} />
        {wrong === '' ? null : (
          <p className="field-error" role="alert">
            {wrong}
          </p>
        )}
        <Button tone="accent" type="submit">
          Compare per unit
        </Button>
      </form>
      <hr />
      <CounterForm onCounted={take} />
    </>
  );
}

/** Has a Prometheus count what was done in both ranges; the numbers are shown before they are used. */
function CounterForm({ onCounted }: { readonly onCounted: (work: CountedWork) => void }): ReactElement {
  const context = useControls();
  const possible = useApp(hasWorkRanges);
  const kept = useApp((state) => state.workCounter);
  const [prometheus, setPrometheus] = useState(kept?.prometheus ?? '');
  const [query, setQuery] = useState(kept?.query ?? '');
  const [login, setLogin] = useState<LoginKind>(kept?.login ?? 'none');
  const [wrong, setWrong] = useState('');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const ending = useEnding();
  const read = async (): Promise<void> => {
    setFailure(null);
    if (parsePrometheusPlace(prometheus) === undefined) {
      setWrong('Say where it is: http://host:9090, or host:9090 or 9090 as the server sees it.');
      return;
    }
    setWrong('');
    if (query.trim() === '') return;
    setBusy(true);
    const counter = { prometheus: prometheus.trim(), query: query.trim(), ...(login === 'none' ? {} : { login }) };
    const counted = await countWork(context, counter, ending.signal);
    if (ending.signal.aborted) return;
    setBusy(false);
    if (counted.ok) onCounted(counted.value);
    else setFailure(counted.failure);
  };
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    void read(); // keeps its own failure
  };
  return (
    <form className="work-form counter-form" onSubmit={submit} aria-label="Read from Prometheus">
      <TextField
        label="Prometheus"
        value={prometheus}
        onChange={setPrometheus}
        placeholder="http://host:9090"
        hint="host:9090 or 9090 goes through the server’s connection."
        error={wrong === '' ? undefined : wrong}
        mono
      />
      <TextField
        label="Counter"
        value={query}
        onChange={setQuery}
        placeholder="sum(http_requests_total)"
        hint="An expression that is one counter. How much it grew is read for A and for B, and again when these change."
        mono
      />
      <LoginKindField value={login} onChoose={setLogin}>
        You are asked when it is read. It is kept until Pyrometer is closed, and never saved.
      </LoginKindField>
      {failure === null ? null : <FailureNotice failure={failure} />}
      {possible ? null : (
        <p className="details-hint">Both sides have to be ranges of a server, or snapshots of such.</p>
      )}
      <Button type="submit" busy={busy} disabled={!possible || query.trim() === ''}>
        Read from Prometheus
      </Button>
    </form>
  );
}

function amountOf(text: string): number | null {
  const value = Number(text.replaceAll(/[\s,_]/g, ''));
  return text.trim() !== '' && Number.isFinite(value) && value > 0 && value <= 1e18 ? value : null;
}
