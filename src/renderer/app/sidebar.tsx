import type { ReactElement } from 'react';
import { DocumentList } from '../features/documents/document-list.js';
import { RecentList } from '../features/documents/recent-list.js';
import { ServiceList } from '../features/services/service-list.js';
import { SnapshotList } from '../features/snapshots/snapshot-list.js';
import { TargetList } from '../features/targets/target-list.js';
import { TunnelList } from '../features/tunnels/tunnel-list.js';
import { Logo } from '../ui/icons.js';
import { ThemeMenu } from './theme-menu.js';

/** Targets, the services of the chosen one, snapshots. */
export function Sidebar(): ReactElement {
  return (
    <aside className="sidebar" aria-label="Sidebar">
      <div className="brand">
        <Logo />
        <span>Pyrometer</span>
        <ThemeMenu />
      </div>
      <div className="sidebar-body scroll">
        <TargetList />
        <ServiceList />
        <TunnelList />
        <DocumentList />
        <SnapshotList />
        <RecentList />
      </div>
    </aside>
  );
}
