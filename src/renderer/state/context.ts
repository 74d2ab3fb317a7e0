import type { DecoderCalls, DecoderEvents } from '../../contract/decoder.js';
import type { FrameKey } from '../../contract/operations.js';
import type { Courses, LinksCalls, LinksEvents, Timeline } from '../../contract/links.js';
import type { FlameModel } from '../flame/model.js';
import type { FunctionRows } from '../features/table/function-rows.js';
import { createCell, createSlot, type Cell } from './cell.js';
import type { ShownCertainty } from './certainty-control.js';
import type { Explaining } from './explaining.js';
import type { ProcessClient } from './process-client.js';
import type { Found } from './search-control.js';
import type { ShellClient } from './shell-client.js';
import type { AppStore } from './store.js';
import type { TimeRange } from './time-range.js';

/** A timeline and the extent that it was asked for. */
export interface TimelineData {
  readonly extent: TimeRange;
  readonly timeline: Timeline;
  /** The same by service; null where one service is chosen. */
  readonly courses: Courses | null;
  /** What it belongs to; a change of it is another curve, not a newer one. */
  readonly subject: string;
}

/** The part of the zoomed frame that is shown, 0 to 1 is all of it, and how many device pixels show it. */
export interface ShownPart {
  readonly get: () => { readonly widthPx: number; readonly from: number; readonly to: number };
  readonly set: (part: { readonly widthPx: number; readonly from: number; readonly to: number }) => void;
}

/** The function below the pointer, and in which view: the others show where it is. */
export interface HoveredFunction {
  readonly key: FrameKey;
  /** The view that it is hovered in, which does not follow itself. */
  readonly by: object;
}

/** What the controls work with. Everything that reaches outside is passed in. */
export interface Context {
  readonly store: AppStore;
  readonly shell: ShellClient;
  readonly links: ProcessClient<LinksCalls, LinksEvents>;
  readonly decoder: ProcessClient<DecoderCalls, DecoderEvents>;
  /** What is on the screen; null when nothing is. */
  readonly flame: Cell<FlameModel | null>;
  readonly timeline: Cell<TimelineData | null>;
  readonly functions: Cell<FunctionRows | null>;
  /** What windows say of the diff on the screen; null when nothing is known. */
  readonly certainty: Cell<ShownCertainty | null>;
  /** What of the zoomed frame is on the screen. Kept by the canvas; nobody is told of changes, which come with every pan. */
  readonly shownPart: ShownPart;
  /** What the search finds in what is on the screen; null when nothing is searched for. */
  readonly found: Cell<Found | null>;
  /** Of graphs that are looked at together: the path of the frame below the pointer of any of them; null: none. */
  readonly hovered?: Cell<readonly string[] | null>;
  /** Figures that are unfolded to how they came about; null: none. Shared as the next one is. */
  readonly explaining: Cell<Explaining | null>;
  /** Shared by all views of the window, the halves of a sandwich among them. */
  readonly hoveredFunction: Cell<HoveredFunction | null>;
  /** Of a graph that is a part of another view: where operations, and what else its menu does, are done. */
  readonly operationsOn?: Context;
  /** Unix milliseconds. */
  readonly clock: () => number;
  /** A new id of the contract's form. */
  readonly newId: (prefix: string) => string;
}

/** Of a window that shows nothing yet. */
export function emptyCells(): Pick<
  Context,
  'flame' | 'shownPart' | 'timeline' | 'functions' | 'certainty' | 'found' | 'explaining' | 'hoveredFunction'
> {
  return {
    flame: createCell<FlameModel | null>(null),
    shownPart: createSlot({ widthPx: 4096, from: 0, to: 1 }),
    timeline: createCell<TimelineData | null>(null),
    functions: createCell<FunctionRows | null>(null),
    certainty: createCell<ShownCertainty | null>(null),
    found: createCell<Found | null>(null),
    explaining: createCell<Explaining | null>(null),
    hoveredFunction: createCell<HoveredFunction | null>(null),
  };
}
