import { useCallback, useRef, type ReactElement } from 'react';
import type { CertainCause, Certainty } from '../../../contract/certainty.js';
import {
  abstainedWords,
  changeAmount,
  changeKind,
  changeSentence,
  intervalWords,
  minutesWords,
  outlookWords,
  overlapWords,
  scalingWords,
} from '../../../core/compare/sentences.js';
import { useApp, useControls, useWorkbench } from '../../app/workbench.js';
import { formatCount, formatShare, formatSignedValue, plural } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import type { FlameModel } from '../../flame/model.js';
import { useCell } from '../../state/cell.js';
import type { WithoutWindows } from '../../state/certainty-control.js';
import { showTab } from '../../state/panes.js';
import { Button } from '../../ui/button.js';
import { FailureNotice } from '../../ui/failure-notice.js';
import { useFigures } from '../guidance/find-figures.js';
import { changeFigure } from '../guidance/figures.js';
import { EarlierNote } from './earlier-note.js';
import { WindowsProgress } from './windows-progress.js';

const mostCauses = 12;
const mostCallers = 3;

/** What changed, in sentences, the largest certain cost first; how sure that is, and what would make it surer. */
export function ChangesPanel(): ReactElement {
  const { flame, certainty } = useControls();
  const model = useCell(flame);
  const shown = useCell(certainty);
  const header = useApp((state) => state.viewHeader);
  const chosen = useApp((state) => state.scale.by === 'auto');
  return (
    <section aria-label="What changed" className="changes">
      <h2 className="details-title">What changed</h2>
      {model !== null && shown?.viewId === model.viewId ? (
        <Judged model={model} certainty={shown.value} />
      ) : (
        <NotJudged />
      )}
      {header?.scaling === undefined ? null : (
        <p className="details-hint">{scalingWords(header.scaling, chosen, header.sampleType.type)}.</p>
      )}
    </section>
  );
}

/** How far it is, or why there is nothing to judge by. */
function NotJudged(): ReactElement | null {
  const { certainty: control } = useWorkbench();
  const state = useApp((app) => app.certainty);
  const measure = useCallback(() => {
    control.measure();
  }, [control]);
  const cancel = useCallback(() => {
    control.cancel();
  }, [control]);
  switch (state.phase) {
    case 'idle':
    case 'ready':
      return null;
    case 'without-windows':
      return (
        <>
          <p className="details-hint">{withoutWindowsWords(state.why)}</p>
          {state.why.kind === 'not-told' ? <Button onClick={measure}>Try again</Button> : null}
        </>
      );
    case 'cost': {
      const { requests, windows, windowMs } = state.cost;
      return (
        <>
          <p className="details-hint">
            To tell changes from chance Pyroscope has to be asked for {plural(requests, 'slice', 'slices')} of{' '}
            {windowMs / 1000} s{requests < windows ? ` (${windows - requests} are here already)` : ''}, four at once.
          </p>
          <Button tone="accent" onClick={measure}>
            Judge by {formatCount(windows)} windows
          </Button>
        </>
      );
    }
    case 'loading':
      return <WindowsProgress what="windows" done={state.done} of={state.of} cancel={cancel} />;
    case 'failed':
      return (
        <>
          <FailureNotice failure={state.failure} />
          <Button onClick={measure}>Try again</Button>
        </>
      );
  }
}

/** Why nothing can be called certain. */
function withoutWindowsWords(why: WithoutWindows): string {
  const so = 'so nothing can be called certain: colours tell the size of a change only.';
  switch (why.kind) {
    case 'file':
      return `A file is one sum without windows, ${so} Compare two ranges of a server to be told what is real.`;
    case 'not-told':
      return `A snapshot is one sum without windows. Where it was taken they cannot be asked for now, ${so} ${why.failure.message}`;
    case 'left':
      return why.share === 0
        ? `A snapshot is one sum without windows, and where it was taken they are gone, ${so}`
        : `A snapshot is one sum without windows. Those where it was taken hold ${formatShare(why.share)} of it now, ${so}`;
  }
}

function Judged({ model, certainty }: { readonly model: FlameModel; readonly certainty: Certainty }): ReactElement {
  const { causes, functions, windows, uncertain } = certainty;
  const scaling = useApp((state) => state.viewHeader?.scaling?.by);
  const region = useApp(({ viewSource }) => viewSource?.kind === 'diff' && viewSource.spans !== undefined);
  const abstained = abstainedWords(certainty, scaling);
  const overlap = overlapWords(certainty);
  const whole = { before: model.graph.baseline?.[0] ?? 0, after: model.graph.comparison?.[0] ?? 0 };
  const certainCount = functions.certain.reduce((sum, each) => sum + each, 0);
  const [first] = causes;
  const nameOf = (index: number): string => model.labels[index] ?? '';
  const { store } = useControls();
  const list = useRef<HTMLOListElement>(null);
  useFigures(list, ({ target }) => {
    const item = target.closest('li');
    const cause = item === null ? undefined : causes[[...(item.parentElement?.children ?? [])].indexOf(item)];
    if (cause === undefined) return null;
    const { before, after, margin } = cause;
    const judged = { state: 2, margin, by: certainty };
    const meaning = 'this function and all it calls, wherever it is called';
    const change = { label: 'change', shown: changeAmount(cause), before, after, meaning, judged };
    return { of: nameOf(cause.functionIndex), figures: [changeFigure(store.getState(), change)], chosen: 0 };
  });
  const [candidate] = uncertain;
  const more = candidate === undefined ? undefined : minutesWords(candidate.secondsToTell);
  return (
    <>
      {abstained === undefined ? (
        <p className="changes-head">
          {first === undefined ? (
            <strong>Nothing changed for certain.</strong>
          ) : (
            <>
              <strong>{changeSentence(nameOf(first.functionIndex), first, model.unit, whole)}</strong>, certain.{' '}
              {causes.length === 1
                ? ''
                : `${plural(causes.length - 1, 'more change is', 'more changes are')} certain too; `}
            </>
          )}{' '}
          {first === undefined
            ? 'All differences are within noise.'
            : `${causes.length === 1 ? 'All' : 'all'} else moved within noise.`}
        </p>
      ) : (
        <p className="notice" role="status">
          {abstained}
        </p>
      )}
      {causes.length === 0 ? null : (
        <ol className="changes-list" ref={list}>
          {causes.slice(0, mostCauses).map((cause) => (
            <Cause key={cause.functionIndex} cause={cause} model={model} whole={whole} />
          ))}
        </ol>
      )}
      {causes.length > mostCauses ? (
        <p className="details-hint">
          {plural(causes.length - mostCauses, 'smaller one', 'smaller ones')} in the table.
        </p>
      ) : null}
      <h3>Not certain</h3>
      <p className="details-hint">
        {plural(functions.certain.length - certainCount, 'function', 'functions')} with enough samples.
        {candidate === undefined
          ? ''
          : ` ${nameOf(candidate.functionIndex)} moved ${changeAmount(candidate)}${more === undefined ? '.' : `; about ${more} more on each side would tell.`}`}
      </p>
      <p className="details-hint">
        {windows[0]} + {windows[1]} windows
        {region ? ': what of each second lies beside what is brushed, and in it' : ''}.{' '}
        {abstained === undefined ? outlookWords(certainty) : ''}
      </p>
      {overlap === undefined ? null : <p className="details-hint">{overlap}</p>}
      {abstained === undefined ? <EarlierNote certainty={certainty} /> : null}
    </>
  );
}

interface CauseProps {
  readonly cause: CertainCause;
  readonly model: FlameModel;
  readonly whole: { readonly before: number; readonly after: number };
}

function Cause({ cause, model, whole }: CauseProps): ReactElement {
  const { store } = useControls();
  const show = useCallback(() => {
    store.setState((state) => ({ ...showTab(state, 'flame'), selectedPath: cause.path, zoomPath: cause.path }));
  }, [store, cause]);
  const name = model.labels[cause.functionIndex] ?? '';
  const kind = changeKind(cause);
  const tone = kind === 'slower' || kind === 'new' ? 'more' : 'less';
  const callers = cause.inheritedBy.slice(0, mostCallers).map((caller) => model.labels[caller] ?? '');
  const through = callers.length === 0 ? '' : `, through ${callers.join(', ')}`;
  const places = cause.places === 1 ? '' : `, in ${cause.places} places`;
  return (
    <li>
      <button type="button" className="change" onClick={show} title="Show it in the graph">
        <span className="change-name clip" title={visibleText(name)}>
          {name}
        </span>
        <span className={`change-amount ${tone}`}>{changeAmount(cause)}</span>
        <span className="change-words">
          {changeSentence(name, cause, model.unit, whole)}. 95 %: {intervalWords(cause, model.unit)},{' '}
          {formatSignedValue(cause.after - cause.before, model.unit)}
          {places}
          {through}
        </span>
      </button>
    </li>
  );
}
