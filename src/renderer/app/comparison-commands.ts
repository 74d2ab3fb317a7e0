import { earlier } from '../features/compare/compare-menu.js';
import {
  compareAround,
  compareWithBefore,
  compareWithEarlier,
  endComparison,
  pinBaseline,
  swapSides,
} from '../state/comparison-control.js';
import { isPinned } from '../state/selection-control.js';
import { isComparing } from '../state/sides.js';
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
    enabled: (state) => isComparing(state) && (state.document.kind === 'selection' || state.baseline !== null),
    run: swapSides,
  },
  {
    id: 'end-comparison',
    title: named('End the comparison'),
    enabled: (state) => state.comparison !== null || state.baseline !== null,
    run: endComparison,
  },
];
