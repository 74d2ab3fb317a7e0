import type { ReactElement } from 'react';
import { FlameView } from '../../flame/flame-view.js';
import { OrderBar } from './order-bar.js';

/** The flame graph, and above it the order of its frames where there is more than one. */
export function OrderedGraph(): ReactElement {
  return (
    <div className="ordered-graph">
      <OrderBar />
      <FlameView withMinimap />
    </div>
  );
}
