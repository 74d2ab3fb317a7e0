import { hintIds, type HintId } from '../../../contract/settings.js';
import { showsGraph, showsTab } from '../../state/panes.js';
import { showsSelection } from '../../state/readable.js';
import type { AppState } from '../../state/store.js';

/** What is said about a part of the window, once. */
export interface Hint {
  readonly title: string;
  readonly text: string;
}

export const hints: Readonly<Record<HintId, Hint>> = {
  targets: {
    title: 'Targets',
    text: 'What is profiled: this computer, and the servers that you add with +. The dot shows the state, the number what the agent costs.',
  },
  services: {
    title: 'Services',
    text: 'Containers and processes by CPU use. Choose one to see it alone.',
  },
  timeline: {
    title: 'Timeline',
    text: 'CPU use by time. Drag over a range to look at it; drag over a second one with Shift to compare both.',
  },
  flame: {
    title: 'Flame graph',
    text: 'Wide means much time, below means called by. Click a frame for its numbers, double click to zoom, Esc for the whole.',
  },
  search: {
    title: 'Search',
    text: 'Ctrl+F. Says how many frames match and what share of the time lies in them.',
  },
  details: {
    title: 'Details',
    text: 'The selected frame: its numbers, who calls it and what it calls. Ctrl+I folds this away.',
  },
  table: {
    title: 'Table',
    text: 'All functions. Sort by a heading, filter by typing, click a function to find it in the graph.',
  },
  diff: {
    title: 'Diff',
    text: 'B compared with A. A press on the legend chooses other colours; lines mark frames that are new or gone.',
  },
};

/** Whether a part is on the screen. */
function isShown(state: AppState, id: HintId): boolean {
  const hasGraph = state.viewHeader !== null && state.viewHeader.total > 0;
  const inSelection = state.document.kind === 'selection' && showsSelection(state);
  switch (id) {
    case 'targets':
      return state.sidebarOpen && state.targets.length > 0;
    case 'services':
      return state.sidebarOpen && inSelection && state.services.length > 0;
    case 'timeline':
      return inSelection;
    case 'flame':
    case 'search':
      return hasGraph && showsGraph(state);
    case 'details':
      return hasGraph && state.detailsOpen;
    case 'table':
      return hasGraph && showsTab(state, 'table');
    case 'diff':
      return hasGraph && showsTab(state, 'flame') && state.viewSource?.kind === 'diff';
  }
}

/** The hint to show now: the first of a part that is on the screen and was not explained yet; none over a question, or beside the guide. */
export function currentHint(state: AppState): HintId | null {
  if (state.dialog !== null || state.prompts.length > 0 || state.paletteOpen || state.learning !== null) return null;
  const { hintsSeen } = state.settings;
  return hintIds.find((id) => !hintsSeen.includes(id) && isShown(state, id)) ?? null;
}
