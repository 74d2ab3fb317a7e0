import { useCallback, useRef, type ReactElement } from 'react';
import { scalingWords } from '../../core/compare/sentences.js';
import { useApp, useControls } from '../app/workbench.js';
import { formatShare, formatValue, plural } from '../format/numbers.js';
import { visibleText } from '../format/visible-text.js';
import { activeTimeExplained, shownIsPySpy } from '../state/active-time.js';
import { useFigures } from '../features/guidance/find-figures.js';
import { figuresOfWhole } from '../features/guidance/whole-figures.js';
import { useCell } from '../state/cell.js';
import { showsGraph, showsTab } from '../state/panes.js';
import { crumbsOf } from './crumbs.js';
import { ColoursMenu } from './colours-menu.js';
import { OperationsBar } from './operations-bar.js';
import { DiffLegend } from './diff-legend.js';
import { callerPath } from './find-frames.js';

/** What is done to the profile, the way from the whole to the zoomed frame, and what the whole is. */
export function Breadcrumb(): ReactElement {
  const zoomPath = useApp((state) => state.zoomPath);
  const { head, skipped, tail } = crumbsOf(zoomPath);
  return (
    <div className="crumbs">
      <OperationsBar />
      <nav className="crumbs-zoom" aria-label="Zoom">
        <Crumb length={0} text="all" current={zoomPath.length === 0} />
        {head.map((crumb) => (
          <Crumb key={crumb.length} {...crumb} />
        ))}
        {skipped > 0 ? <span className="mute">… {skipped} …</span> : null}
        {tail.map((crumb) => (
          <Crumb key={crumb.length} {...crumb} />
        ))}
      </nav>
      <Whole />
    </div>
  );
}

interface CrumbProps {
  readonly length: number;
  readonly text: string;
  readonly current: boolean;
}

function Crumb({ length, text, current }: CrumbProps): ReactElement {
  const { store, flame } = useControls();
  const zoom = useCallback(() => {
    store.setState((state) => ({ zoomPath: callerPath(flame.get(), state.zoomPath, length) }));
  }, [store, flame, length]);
  const shown = visibleText(text);
  return (
    <button
      type="button"
      className={length === 0 ? 'crumb all' : 'crumb'}
      aria-current={current}
      title={shown}
      onClick={zoom}
    >
      {shown}
    </button>
  );
}

function Whole(): ReactElement | null {
  const { flame, store } = useControls();
  const whole = useRef<HTMLSpanElement>(null);
  useFigures(whole, ({ target }) =>
    figuresOfWhole(store.getState(), target.closest<HTMLElement>('[data-side]')?.dataset['side'] ?? ''),
  );
  const model = useCell(flame);
  const header = useApp((state) => state.viewHeader);
  const chosen = useApp((state) => state.scale.by);
  const coloured = useApp((state) => showsGraph(state) || showsTab(state, 'sandwich'));
  const samples = useApp((state) => state.viewSummaries.reduce((sum, summary) => sum + summary.sampleCount, 0));
  const byPySpy = useApp(shownIsPySpy);
  if (header === null || model === null) return null;
  const { type, unit } = header.sampleType;
  const how = header.scaling === undefined ? '' : scalingWords(header.scaling, chosen === 'auto', type);
  const scaled = `As measured. In the graph and the table A is scaled. ${how}.`;
  if (header.baselineTotal !== undefined && header.comparisonTotal !== undefined) {
    return (
      <span className="whole">
        <DiffLegend />
        <span title={scaled} ref={whole}>
          <span data-side="A">
            <b className="side-a">A</b> {formatValue(header.baselineTotal, unit)}
          </span>{' '}
          <span data-side="B">
            <b className="side-b">B</b> {formatValue(header.comparisonTotal, unit)}
          </span>
        </span>
      </span>
    );
  }
  const cpu = header.sampleType.type === 'cpu' && unit === 'nanoseconds';
  const functions = plural(header.functionCount - 1, 'function', 'functions'); // the root counts there
  const loaded = model.complete ? '' : `, ${formatShare(model.loaded)} loaded`;
  return (
    <span className="whole">
      {coloured ? <ColoursMenu /> : null}
      <span title={cpu && byPySpy ? activeTimeExplained : undefined} ref={whole}>
        {formatValue(header.total, unit)}
        {cpu ? (byPySpy ? ' active' : ' of CPU') : ''}, {plural(samples, 'stack', 'stacks')}, {functions}
        {loaded}
      </span>
    </span>
  );
}
