import type { ReactElement } from 'react';
import { Details } from '../features/details/details.js';
import { FigureExplainer } from '../features/guidance/explain-popover.js';
import { LearnPanel } from '../features/learn/learn-panel.js';
import { FleetView } from '../features/fleet/fleet-view.js';
import { CommandPalette } from './command-palette.js';
import { Dialogs } from './dialogs.js';
import { ErrorBoundary } from './error-boundary.js';
import { MainArea } from './main-area.js';
import { SelectionBar } from './selection-bar.js';
import { Sidebar } from './sidebar.js';
import { StatusBar } from './status-bar.js';
import { Toasts } from './toasts.js';
import { useShortcuts } from './use-shortcuts.js';
import { useApp } from './workbench.js';

/** The window. */
export function App(): ReactElement {
  useShortcuts();
  // Times are said in many places that do not look at the setting: with another clock all of them are made anew.
  const timeZone = useApp((state) => state.settings.timeZone);
  return <Parts key={timeZone} />;
}

function Parts(): ReactElement {
  const sidebarOpen = useApp((state) => state.sidebarOpen);
  const detailsOpen = useApp((state) => state.detailsOpen && state.viewHeader !== null && state.viewHeader.total > 0);
  const fleetOpen = useApp((state) => state.fleetOpen);
  const learning = useApp((state) => state.learning);
  const left = learning === null ? (sidebarOpen ? '' : 'no-sidebar') : 'learning';
  const classes = ['shell', left, detailsOpen ? '' : 'no-details'];
  return (
    <div className={classes.filter((name) => name !== '').join(' ')}>
      {learning !== null ? <LearnPanel learning={learning} /> : sidebarOpen ? <Sidebar /> : null}
      {fleetOpen ? (
        <ErrorBoundary>
          <FleetView />
        </ErrorBoundary>
      ) : (
        <>
          <SelectionBar />
          <ErrorBoundary>
            <MainArea />
          </ErrorBoundary>
          {detailsOpen ? <Details /> : null}
        </>
      )}
      <StatusBar />
      <Toasts />
      <Dialogs />
      <CommandPalette />
      <FigureExplainer />
    </div>
  );
}
