import { useCallback, type ReactElement } from 'react';
import { FlameView } from '../flame/flame-view.js';
import { ScaleSwitch } from '../features/compare/scale-switch.js';
import { Breadcrumb } from '../flame/breadcrumb.js';
import { keptWords } from '../features/targets/target-words.js';
import { VersionBanner } from '../features/targets/version-banner.js';
import { TimelineView } from '../features/timeline/timeline.js';
import { visibleText } from '../format/visible-text.js';
import { toggleSplit } from '../state/panes.js';
import { showsSelection } from '../state/readable.js';
import { currentTarget } from '../state/targets-control.js';
import { hasTimes } from '../state/times-control.js';
import type { Tab } from '../state/store.js';
import { SearchField } from '../flame/search-field.js';
import { EmptyState } from './empty-state.js';
import { chooseView, Panes, viewNames } from './panes.js';
import { WorkLine, WorkStatus } from './work.js';
import { useTip } from './use-tip.js';
import { useApp, useControls, useWorkbench } from './workbench.js';
import { Button, IconButton } from '../ui/button.js';
import { SplitIcon } from '../ui/icons.js';

/** Timeline, tabs and the view below them; or what teaches how to fill them. */
export function MainArea(): ReactElement {
  const hasGraph = useApp((state) => state.viewHeader !== null && state.viewHeader.total > 0);
  const withTimeline = useApp((state) => state.document.kind === 'selection' && showsSelection(state));
  return (
    <main className="main">
      <VersionBanner />
      {withTimeline ? <TimelineView /> : null}
      {hasGraph ? <Tabs /> : null}
      {hasGraph ? <ViewBanner /> : null}
      {hasGraph ? <Breadcrumb /> : null}
      <div className="view">
        {hasGraph ? <WorkLine /> : null}
        {hasGraph ? <Panes /> : <FlameView />}
        {hasGraph ? null : <EmptyState />}
      </div>
    </main>
  );
}

function Tabs(): ReactElement {
  const diff = useApp((state) => state.viewSource?.kind === 'diff');
  const timed = useApp(hasTimes);
  return (
    <nav className="tabs">
      <div role="tablist" aria-label="Views" className="tab-list">
        <TabButton tab="flame" label={diff ? 'Diff' : viewNames.flame} keys="1" />
        <TabButton tab="table" label={viewNames.table} keys="2" />
        <TabButton tab="sandwich" label={viewNames.sandwich} keys="3" />
        <TabButton tab="tree" label={viewNames.tree} keys="4" />
        <TabButton tab="source" label={viewNames.source} keys="5" />
        {timed ? <TabButton tab="heat" label={viewNames.heat} keys="6" /> : null}
      </div>
      {diff ? <ScaleSwitch /> : null}
      <WorkStatus />
      <div className="tabs-end">
        <SearchField />
        <SplitButton />
      </div>
    </nav>
  );
}

interface TabButtonProps {
  readonly tab: Tab;
  readonly label: string;
  readonly keys: string;
}

function TabButton({ tab, label, keys }: TabButtonProps): ReactElement {
  const controls = useControls();
  const chosen = useApp((state) => state.tab === tab);
  const beside = useApp((state) => state.split?.other === tab);
  const choose = useCallback(() => {
    chooseView(controls, tab);
  }, [controls, tab]);
  return (
    <button type="button" role="tab" className={beside ? 'tab beside' : 'tab'} aria-selected={chosen} onClick={choose}>
      {label}
      <kbd aria-hidden="true">{keys}</kbd>
    </button>
  );
}

function SplitButton(): ReactElement {
  const { store } = useControls();
  const tip = useTip();
  const split = useApp((state) => state.split !== null);
  const toggle = useCallback(() => {
    store.setState(toggleSplit);
  }, [store]);
  return (
    <IconButton
      label="Two views side by side"
      tip={tip('Two views side by side', 'Mod+\\')}
      aria-pressed={split}
      onClick={toggle}
    >
      <SplitIcon />
    </IconButton>
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
