import type { DecoderCalls, DecoderEvents } from '../../contract/decoder.js';
import type { LinksCalls, LinksEvents, Timeline } from '../../contract/links.js';
import type { SearchResult } from '../../core/flame/search.js';
import type { FlameModel } from '../flame/model.js';
import type { FunctionRows } from '../features/table/function-rows.js';
import type { Cell } from './cell.js';
import type { ShownCertainty } from './certainty-control.js';
import type { ProcessClient } from './process-client.js';
import type { ShellClient } from './shell-client.js';
import type { AppStore } from './store.js';
import type { TimeRange } from './time-range.js';

/** A timeline and the extent that it was asked for. */
export interface TimelineData {
  readonly extent: TimeRange;
  readonly timeline: Timeline;
  /** What it belongs to; a change of it is another curve, not a newer one. */
  readonly subject: string;
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
  /** What the search finds in what is on the screen; null when nothing is searched for. */
  readonly found: Cell<SearchResult | null>;
  /** Of a graph that is a part of another view: where operations, and what else its menu does, are done. */
  readonly operationsOn?: Context;
  /** Unix milliseconds. */
  readonly clock: () => number;
  /** A new id of the contract's form. */
  readonly newId: (prefix: string) => string;
}
