import type { BenchWindow } from './window.js';

/** A tool under test, in a window of its own, with nothing open yet. What it cannot do is absent. */
export interface Viewer {
  readonly window: BenchWindow;
  /** From dropping the file to the picture, milliseconds. */
  open(file: string): Promise<number>;
  /** Where its graph can be moved. */
  readonly graphAt?: { readonly x: number; readonly y: number };
  /** From the last letter of a query to the marked picture, milliseconds. */
  search?(): Promise<number>;
  /** Another order of the stacks, from the click or key to the picture, milliseconds; of ours the slowest of several operations. */
  transform?(): Promise<number>;
  /** Names on the screen. */
  labels?(): Promise<number>;
}

/** What a tool is started with. */
export interface ViewerPlace {
  readonly display: string;
  readonly home: string;
  readonly scale: 1 | 2;
}

/** Starts a tool. */
export type OpenViewer = (place: ViewerPlace) => Promise<Viewer>;

/** What is typed before the letter that is measured, and that letter. Many names of the bench's profiles match. */
export const query = { begin: 'method1', last: '7' } as const;
