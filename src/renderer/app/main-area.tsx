import { useCallback, type ReactElement } from 'react';
import { FlameView } from '../flame/flame-view.js';
import { ScaleSwitch } from '../features/compare/scale-switch.js';
import { Breadcrumb } from '../flame/breadcrumb.js';
import { FunctionTableView } from '../features/table/function-table.js';
import { SandwichView } from '../features/sandwich/sandwich.js';
import { CallTreeView } from '../features/tree/tree-view.js';
import { keptWords } from '../features/targets/target-words.js';
import { VersionBanner } from '../features/targets/version-banner.js';
import { TimelineView } from '../features/timeline/timeline.js';
import { visibleText } from '../format/visible-text.js';
import { showsSelection } from '../state/readable.js';
import { currentTarget } from '../state/targets-control.js';
import type { Tab } from '../state/store.js';
import { Spinner } from '../ui/icons.js';
import { SearchField } from '../flame/search-field.js';
import { EmptyState } from './empty-state.js';
import { useApp, useControls, useWorkbench } from './workbench.js';
import { Button } from '../ui/button.js';

/** Timeline, tabs and the view below them; or what teaches how to fill them. */
export function MainArea(): ReactElement {
  const hasGraph = useApp((state) => state.viewHeader !== null && state.viewHeader.total > 0);
  const withTimeline = useApp((state) => state.document.kind === 'selection' && showsSelection(state));
  const tab = useApp((state) => state.tab);
  return (
    <main className="main">
      <VersionBanner />
      {withTimeline ? <TimelineView /> : null}
      {hasGraph ? <Tabs /> : null}
      {hasGraph ? <ViewBanner /> : null}
      {hasGraph ? <Breadcrumb /> : null}
      <div className="view">
        {hasGraph ? <TabView tab={tab} /> : <FlameView />}
        {hasGraph ? null : <EmptyState />}
      </div>
    </main>
  );
}

function TabView({ tab }: { readonly tab: Tab }): ReactElement {
  switch (tab) {
    case 'flame':
      return <FlameView />;
    case 'table':
      return <FunctionTableView />;
    case 'sandwich':
      return <SandwichView />;
    case 'tree':
      return <CallTreeView />;
  }
}

function Tabs(): ReactElement {
  const diff = useApp((state) => state.viewSource?.kind === 'diff');
  const phase = useApp((state) => state.viewPhase);
  const step = useApp((state) => state.viewStep);
  const tab = useApp((state) => state.tab);
  return (
    <nav className="tabs">
      <div role="tablist" aria-label="Views" className="tab-list">
        <TabButton tab="flame" label={diff ? 'Diff' : 'Flame'} keys="1" />
        <TabButton tab="table" label="Table" keys="2" />
        <TabButton tab="sandwich" label="Sandwich" keys="3" />
        <TabButton tab="tree" label="Tree" keys="4" />
      </div>
      {diff ? <ScaleSwitch /> : null}
      <span className="tabs-progress" role="status">
        {phase === 'loading' ? (
          <>
            <Spinner /> {step}
          </>
        ) : null}
      </span>
      {tab === 'flame' || tab === 'table' ? <SearchField /> : null}
    </nav>
  );
}

interface TabButtonProps {
  readonly tab: Tab;
  readonly label: string;
  readonly keys: string;
}

function TabButton({ tab, label, keys }: TabButtonProps): ReactElement {
  const { store } = useControls();
  const chosen = useApp((state) => state.tab === tab);
  const choose = useCallback(() => {
    store.setState({ tab });
  }, [store, tab]);
  return (
    <button type="button" role="tab" className="tab" aria-selected={chosen} aria-label={label} onClick={choose}>
      {label}
      <kbd aria-hidden="true">{keys}</kbd>
    </button>
  );
}

/** What is wrong while a graph is on the screen: it stays, and this says that it is not the newest. */
function ViewBanner(): ReactElement | null {
  const { view } = useWorkbench();
  const failure = useApp((state) => (state.viewPhase === 'failed' ? state.viewFailure : null));
  const target = useApp(currentTarget);
  const source = useApp((state) => state.source);
  const { clock } = useControls();
  const isSelection = useApp((state) => state.document.kind === 'selection');
  const warnings = useApp((state) => state.viewSummaries.flatMap((summary) => summary.warnings).join(' '));
  const retry = useCallback(() => {
    view.retry();
  }, [view]);
  const troubles: string[] = [];
  if (isSelection && target?.link.state === 'failed') troubles.push(target.link.message ?? 'The link failed.');
  else if (isSelection && target?.link.state === 'reconnecting') troubles.push('The link is being opened again.');
  else if (isSelection && target?.agent.state === 'failed') troubles.push(target.agent.message ?? 'The agent failed.');
  else if (failure !== null) troubles.push(`Not the newest: ${failure.message}`);
  if (isSelection && source === 'agent' && target !== undefined) {
    const kept = keptWords(target.agent, clock());
    if (kept !== '') troubles.push(kept);
  }
  if (warnings !== '') troubles.push(warnings);
  if (troubles.length === 0) return null;
  return (
    <div className="banner" role="status">
      <span className="clip" title={visibleText(troubles.join(' '))}>
        {visibleText(troubles.join(' '))}
      </span>
      {failure === null ? null : (
        <Button tone="quiet" onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  );
}
