declare module 'd3-flame-graph' {
  import type { Selection } from 'd3-selection';

  /** A node of d3-hierarchy as the chart hands it to its callbacks. */
  export interface ChartNode<Datum> {
    readonly data: Datum;
    readonly value: number;
    readonly depth: number;
    readonly parent: ChartNode<Datum> | null;
  }

  /** The part of the chart's interface that the shared page uses; each setter answers the chart. */
  export interface Chart<Datum> {
    (selection: Selection<HTMLElement, Datum, null, undefined>): void;
    width(pixels: number): Chart<Datum>;
    cellHeight(pixels: number): Chart<Datum>;
    inverted(rootOnTop: boolean): Chart<Datum>;
    sort(sorted: boolean): Chart<Datum>;
    minFrameSize(pixels: number): Chart<Datum>;
    transitionDuration(milliseconds: number): Chart<Datum>;
    setColorMapper(
      mapper: (node: ChartNode<Datum> & { readonly highlight?: boolean }, colour: string) => string,
    ): Chart<Datum>;
    setLabelHandler(label: (node: ChartNode<Datum>) => string): Chart<Datum>;
    setSearchMatch(match: (node: ChartNode<Datum>, term: string) => boolean): Chart<Datum>;
    setSearchHandler(handler: (results: readonly ChartNode<Datum>[], sum: number, total: number) => void): Chart<Datum>;
    onHover(handler: (node: ChartNode<Datum>) => void): Chart<Datum>;
    search(term: string): void;
    clear(): void;
    resetZoom(): void;
    update(): void;
  }

  /** Colours for nodes whose datum has a `delta`. */
  export const colorMapper: {
    readonly differentialColorMapper: (node: ChartNode<unknown>, colour: string) => string;
  };

  export default function flamegraph<Datum>(): Chart<Datum>;
}
