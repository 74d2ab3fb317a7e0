import type { ReactElement } from 'react';
import { Details } from '../features/details/details.js';
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
  const sidebarOpen = useApp((state) => state.sidebarOpen);
  const detailsOpen = useApp((state) => state.detailsOpen && state.viewHeader !== null && state.viewHeader.total > 0);
  const fleetOpen = useApp((state) => state.fleetOpen);
  const classes = ['shell', sidebarOpen ? '' : 'no-sidebar', detailsOpen ? '' : 'no-details'];
  return (
    <div className={classes.filter((name) => name !== '').join(' ')}>
      {sidebarOpen ? <Sidebar /> : null}
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
    </div>
  );
}
