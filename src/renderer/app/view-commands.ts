import { switchOrder } from '../state/order-control.js';
import { toggleSplit } from '../state/panes.js';
import { hasTimes } from '../state/times-control.js';
import type { AppState, Tab } from '../state/store.js';
import { hasView, named, type Command } from './command.js';
import { chooseView, focusOtherPane } from './panes.js';

const isSplit = (state: AppState): boolean => hasView(state) && state.split !== null;

function view(tab: Tab, title: string, keys: string, enabled = hasView): Command {
  return {
    id: `tab-${tab}`,
    title: named(title),
    keys,
    enabled,
    run: (context) => {
      chooseView(context, tab);
    },
  };
}

/** Which views are on the screen. */
export const viewCommands: readonly Command[] = [
  view('flame', 'Show the flame graph', '1'),
  view('table', 'Show the table of functions', '2'),
  view('sandwich', 'Show callers and callees', '3'),
  view('tree', 'Show the call tree', '4'),
  view('source', 'Show the source of the selected function', '5'),
  view('heat', 'Show the heat map', '6', hasTimes),
  {
    id: 'order',
    title: ({ timeOrder }) => (timeOrder === null ? 'Frames in the order of time' : 'Widest frames first'),
    keys: 'T',
    enabled: hasTimes,
    run: (context) => {
      void switchOrder(context); // shows its own failure
    },
  },
  {
    id: 'split',
    title: ({ split }) => (split === null ? 'Two views side by side' : 'One view in place of two'),
    keys: 'Mod+\\',
    enabled: hasView,
    run: ({ store }) => {
      store.setState(toggleSplit);
    },
  },
  { id: 'next-pane', title: named('Go to the other view'), keys: 'F6', enabled: isSplit, run: focusOtherPane },
  {
    id: 'previous-pane',
    title: named('Go to the other view'),
    keys: 'Shift+F6',
    hidden: true,
    enabled: isSplit,
    run: focusOtherPane,
  },
];
