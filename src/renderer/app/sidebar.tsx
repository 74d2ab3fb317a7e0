import { useCallback, type ReactElement } from 'react';
import { DocumentList } from '../features/documents/document-list.js';
import { ServiceList } from '../features/services/service-list.js';
import { SnapshotList } from '../features/snapshots/snapshot-list.js';
import { TargetList } from '../features/targets/target-list.js';
import { TunnelList } from '../features/tunnels/tunnel-list.js';
import { toggleTheme } from '../state/theme-control.js';
import { IconButton } from '../ui/button.js';
import { Logo, MoonIcon, SunIcon } from '../ui/icons.js';
import { useApp, useControls } from './workbench.js';

/** Targets, the services of the chosen one, snapshots. */
export function Sidebar(): ReactElement {
  const controls = useControls();
  const theme = useApp((state) => state.shownTheme);
  const toggle = useCallback(() => {
    toggleTheme(controls);
  }, [controls]);
  return (
    <aside className="sidebar" aria-label="Sidebar">
      <div className="brand">
        <Logo />
        <span>Pyrometer</span>
        <IconButton className="push" label={theme === 'dark' ? 'Light theme' : 'Dark theme'} onClick={toggle}>
          {theme === 'dark' ? <SunIcon /> : <MoonIcon />}
        </IconButton>
      </div>
      <div className="sidebar-body scroll">
        <TargetList />
        <ServiceList />
        <TunnelList />
        <DocumentList />
        <SnapshotList />
      </div>
    </aside>
  );
}
