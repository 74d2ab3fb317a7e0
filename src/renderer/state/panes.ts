import type { AppState, Split, Tab } from './store.js';

/** Where a pane is. */
export type PaneSide = Split['focus'];

type Views = Pick<AppState, 'tab' | 'split'>;

/** The narrowest that a pane may become, CSS pixels. */
export const leastPanePx = 240;
const leastShare = 0.1;

/** The pane beside a pane. */
export function otherSide(side: PaneSide): PaneSide {
  return side === 'left' ? 'right' : 'left';
}

/** What is shown beside a view when nobody has chosen that yet. */
function beside(tab: Tab): Tab {
  return tab === 'flame' ? 'table' : 'flame';
}

/** Whether a view is on the screen, in whichever pane. */
export function showsTab({ tab, split }: Views, wanted: Tab): boolean {
  return tab === wanted || split?.other === wanted;
}

/** Whether the flame graph is on the screen: as a view, or below the heat map. */
export function showsGraph(views: Views): boolean {
  return showsTab(views, 'flame') || showsTab(views, 'heat');
}

/** Another view in place of one that has nothing to show any more. */
export function leaveTab(views: Views, left: Tab): Partial<AppState> {
  const { tab, split } = views;
  if (!showsTab(views, left)) return {};
  if (split === null) return { tab: 'flame' };
  if (showsTab(views, 'flame')) return { tab: 'flame', split: null };
  return tab === left ? { tab: 'flame' } : { split: { ...split, other: 'flame' } };
}

/** The view of a pane; undefined where there is no such pane. Without a split the one view is in the left pane. */
export function tabOn({ tab, split }: Views, side: PaneSide): Tab | undefined {
  if (split === null) return side === 'left' ? tab : undefined;
  return split.focus === side ? tab : split.other;
}

/** Puts a view into the pane that has the focus. A view is on the screen once: is it in the other pane, that one has the focus. */
export function chooseTab(views: Views, wanted: Tab): Partial<AppState> {
  const { split } = views;
  return split?.other === wanted ? focusPane(views, otherSide(split.focus)) : { tab: wanted };
}

/** Brings a view onto the screen. Where there are two panes it comes into the other one, so that what leads to it stays. */
export function showTab(views: Views, wanted: Tab): Partial<AppState> {
  const { split } = views;
  if (showsTab(views, wanted)) return {};
  return split === null ? { tab: wanted } : { split: { ...split, other: wanted } };
}

/** Two views in place of one; or again the one that has the focus. */
export function toggleSplit({ tab, split }: Views): Partial<AppState> {
  return { split: split === null ? { other: beside(tab), focus: 'left' } : null };
}

/** The pane whose view has the keys. */
export function focusPane({ tab, split }: Views, side: PaneSide): Partial<AppState> {
  if (split === null || split.focus === side) return {};
  return { tab: split.other, split: { other: tab, focus: side } };
}

/** Takes a pane away; the other view has all the room. */
export function closePane({ tab, split }: Views, side: PaneSide): Partial<AppState> {
  if (split === null) return {};
  return { tab: split.focus === side ? split.other : tab, split: null };
}

/** The width of the left pane as a share of both, so that neither becomes too narrow; the middle where there is no room for two. */
export function shareWithin(share: number, widthPx: number): number {
  const least = Math.max(leastShare, leastPanePx / Math.max(1, widthPx));
  return least >= 0.5 ? 0.5 : Math.min(1 - least, Math.max(least, share));
}

/** What the keys of the divider do to the share of the left pane; undefined for all others. */
export function shareByKey(key: string, share: number): number | undefined {
  switch (key) {
    case 'ArrowLeft':
      return share - 0.02;
    case 'ArrowRight':
      return share + 0.02;
    case 'PageUp':
      return share - 0.1;
    case 'PageDown':
      return share + 0.1;
    case 'Home':
      return 0;
    case 'End':
      return 1;
    case 'Enter':
      return 0.5;
    default:
      return undefined;
  }
}
