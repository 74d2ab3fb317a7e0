import { earlier } from '../features/compare/compare-menu.js';
import {
  compareAround,
  compareWithBefore,
  compareWithEarlier,
  endComparison,
  pinBaseline,
  swapSides,
} from '../state/comparison-control.js';
import { copyLink, linkedComparison } from '../state/link-control.js';
import { showTab } from '../state/panes.js';
import { isPinned } from '../state/selection-control.js';
import { isComparing } from '../state/sides.js';
import { compareWithRest, keptTimes } from '../state/times-control.js';
import type { AppState } from '../state/store.js';
import { hasView, named, type Command } from './command.js';

/** Whether the selection is shown alone. */
const comparable = (state: AppState): boolean =>
  hasView(state) && state.document.kind === 'selection' && !isComparing(state);

/** What is compared with what. */
export const comparisonCommands: readonly Command[] = [
  {
    id: 'compare',
    title: named('Compare with the range before'),
    keys: 'Mod+D',
    enabled: comparable,
    run: compareWithBefore,
  },
  {
    id: 'compare-turnover',
    title: named('Compare before and after the last deploy or restart'),
    enabled: (state) => comparable(state) && state.turnovers.turnovers.length > 0,
    run: (context) => {
      const last = context.store.getState().turnovers.turnovers.at(-1);
      if (last !== undefined) compareAround(context, last);
    },
  },
  ...earlier.map(([words, byMs]): Command => ({
    id: `compare ${byMs}`,
    title: named(`Compare with ${words.toLowerCase()}`),
    enabled: comparable,
    run: (context) => {
      compareWithEarlier(context, byMs);
    },
  })),
  {
    id: 'compare-with',
    title: named('Compare with a service, label, snapshot or file…'),
    keys: 'Mod+Shift+D',
    enabled: (state) => hasView(state) && !isComparing(state),
    run: ({ store }) => {
      store.setState({ dialog: { kind: 'compare' } });
    },
  },
  {
    id: 'compare-rest',
    title: named('Compare what is brushed with the rest of the recording'),
    enabled: (state) => state.document.kind === 'profiles' && state.baseline === null && keptTimes(state) !== null,
    run: (context) => {
      compareWithRest(context, true);
    },
  },
  {
    id: 'pin',
    title: (state) => (isPinned(state) ? 'Let A go' : 'Pin A, whatever is chosen next'),
    enabled: (state) => state.comparison !== null,
    run: (context) => {
      pinBaseline(context, !isPinned(context.store.getState()));
    },
  },
  {
    id: 'swap',
    title: named('Swap A and B'),
    keys: 'Mod+Shift+X',
    enabled: (state) =>
      isComparing(state) &&
      (state.document.kind === 'selection' || (state.baseline !== null && state.baseline.kind !== 'rest')),
    run: swapSides,
  },
  {
    id: 'side-by-side',
    title: (state) => (state.sideBySide ? 'Show A and B as one graph' : 'Show A and B side by side'),
    enabled: isComparing,
    run: ({ store }) => {
      store.setState((state) => ({ ...showTab(state, 'flame'), sideBySide: !state.sideBySide }));
    },
  },
  {
    id: 'names',
    title: named('Names: which functions of A and B are the same one…'),
    enabled: isComparing,
    run: ({ store }) => {
      store.setState({ dialog: { kind: 'names' } });
    },
  },
  {
    id: 'watches',
    title: named('Watch list: what is to stay below a threshold…'),
    enabled: () => true,
    run: ({ store }) => {
      store.setState({ dialog: { kind: 'watches' } });
    },
  },
  {
    id: 'copy-link',
    title: named('Copy a link to the comparison'),
    enabled: (state) => linkedComparison(state) !== undefined,
    run: copyLink,
  },
  {
    id: 'open-link',
    title: named('Open a link to a comparison…'),
    enabled: () => true,
    run: ({ store }) => {
      store.setState({ dialog: { kind: 'open-link' } });
    },
  },
  {
    id: 'end-comparison',
    title: named('End the comparison'),
    enabled: (state) => state.comparison !== null || state.baseline !== null,
    run: endComparison,
  },
];
