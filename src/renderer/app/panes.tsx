import { useCallback, useRef, type CSSProperties, type ReactElement } from 'react';
import { SideBySide } from '../features/compare/side-by-side.js';
import { HeatView } from '../features/heat/heat-view.js';
import { OrderedGraph } from '../features/order/ordered-graph.js';
import { SandwichView } from '../features/sandwich/sandwich.js';
import { SourceView } from '../features/source/source-view.js';
import { FunctionTableView } from '../features/table/function-table.js';
import { CallTreeView } from '../features/tree/tree-view.js';
import type { Context } from '../state/context.js';
import { closePane, focusPane, leastPanePx, otherSide, tabOn, type PaneSide } from '../state/panes.js';
import type { Tab } from '../state/store.js';
import { IconButton } from '../ui/button.js';
import { CloseIcon } from '../ui/icons.js';
import { PaneDivider } from './pane-divider.js';
import { useApp, useControls } from './workbench.js';

/** What the views are called in the window. */
export const viewNames: Readonly<Record<Tab, string>> = {
  flame: 'Flame',
  table: 'Table',
  sandwich: 'Sandwich',
  tree: 'Tree',
  source: 'Source',
  heat: 'Heat map',
};

/** The one view, or two of them beside each other. A view keeps its place in them while the other comes and goes. */
export function Panes(): ReactElement {
  const left = useApp((state) => tabOn(state, 'left'));
  const right = useApp((state) => tabOn(state, 'right'));
  const share = useApp((state) => state.splitShare);
  const box = useRef<HTMLDivElement>(null);
  const columns: CSSProperties =
    right === undefined
      ? {}
      : {
          gridTemplateColumns: `minmax(${leastPanePx}px, ${share}fr) auto minmax(${leastPanePx}px, ${1 - share}fr)`,
        };
  return (
    <div className="panes" style={columns} ref={box}>
      {left === undefined ? null : <Pane key={left} tab={left} side="left" />}
      {right === undefined ? null : <PaneDivider key="divider" box={box} />}
      {right === undefined ? null : <Pane key={right} tab={right} side="right" />}
    </div>
  );
}

interface PaneProps {
  readonly tab: Tab;
  readonly side: PaneSide;
}

function Pane({ tab, side }: PaneProps): ReactElement {
  const { store } = useControls();
  const split = useApp((state) => state.split !== null);
  const focused = useApp((state) => state.tab === tab);
  const diff = useApp((state) => state.viewSource?.kind === 'diff');
  const name = tab === 'flame' && diff ? 'Diff' : viewNames[tab];
  const focus = useCallback(() => {
    store.setState((state) => focusPane(state, side));
  }, [store, side]);
  const close = useCallback(() => {
    store.setState((state) => closePane(state, side));
  }, [store, side]);
  return (
    <section
      className={split && focused ? 'pane focused' : 'pane'}
      data-side={side}
      tabIndex={-1}
      {...(split ? { 'aria-label': `${side === 'left' ? 'Left' : 'Right'} view, ${name}` } : {})}
      onFocusCapture={focus}
      onPointerDownCapture={focus}
    >
      {split ? (
        <header className="pane-head">
          <h2>{name}</h2>
          <IconButton label={`Close ${name}`} onClick={close}>
            <CloseIcon />
          </IconButton>
        </header>
      ) : null}
      <div className="pane-body">
        <View tab={tab} />
      </div>
    </section>
  );
}

function View({ tab }: { readonly tab: Tab }): ReactElement {
  const sideBySide = useApp((state) => state.sideBySide && state.viewSource?.kind === 'diff');
  switch (tab) {
    case 'flame':
      return sideBySide ? <SideBySide /> : <OrderedGraph />;
    case 'table':
      return <FunctionTableView />;
    case 'sandwich':
      return <SandwichView />;
    case 'tree':
      return <CallTreeView />;
    case 'source':
      return <SourceView />;
    case 'heat':
      return <HeatView />;
  }
}

/** Shows a view in the pane that has the keys, or goes to the pane that shows it. */
export function chooseView(context: Context, tab: Tab): void {
  const { store } = context;
  if (store.getState().split?.other === tab) focusOtherPane(context);
  else store.setState({ tab });
}

/** Gives the keys to the pane that has them not: to what takes keys in its view, or to the pane itself. */
export function focusOtherPane({ store }: Context): void {
  const { split } = store.getState();
  if (split === null) return;
  const pane = document.querySelector<HTMLElement>(`.pane[data-side="${otherSide(split.focus)}"]`);
  (pane?.querySelector<HTMLElement>('[tabindex="0"]') ?? pane)?.focus();
}
