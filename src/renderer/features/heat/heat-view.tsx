import type { ReactElement } from 'react';
import { useApp } from '../../app/workbench.js';
import { OrderedGraph } from '../order/ordered-graph.js';
import { showsTab } from '../../state/panes.js';
import { FailureNotice } from '../../ui/failure-notice.js';
import { HeatMapView } from './heat-map-view.js';
import { useHeatMap } from './use-heat-map.js';

/** When samples were taken, and below it the flame graph of those that are brushed, unless that is in the pane beside it. */
export function HeatView(): ReactElement {
  const { map, failure } = useHeatMap();
  const beside = useApp((state) => showsTab(state, 'flame'));
  return (
    <div className={beside ? 'heat alone' : 'heat'}>
      {failure === null ? null : <FailureNotice failure={failure} />}
      {map === null ? <div className="heat-map" /> : <HeatMapView map={map} />}
      {beside ? null : <OrderedGraph />}
    </div>
  );
}
