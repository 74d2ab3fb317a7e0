import { defaultSettings, type Settings } from '../../contract/settings.js';
import { frameKinds } from '../../contract/decoder.js';
import { frameColour, quietColour, type FrameColour, type Theme } from '../../core/flame/colours.js';
import {
  certainStep,
  diffColour,
  diffPresence,
  diffStep,
  diffSteps,
  markColour,
  patternColour,
  type DiffPalette,
} from '../../core/flame/diff-colours.js';
import { toHex, toImageDataWord } from '../../core/flame/oklch.js';
import type { FlameModel } from './model.js';

/** What nodes are painted with: 32-bit ImageData words for the boxes, CSS colours for the text. */
export interface Palette {
  fill(node: number): number;
  text(node: number): string;
  /** Of a diff only. */
  pattern?(node: number): Pattern | undefined;
  /** The word of a line along the top, 0 for none: of a diff what changed for certain, and what is hovered in another view. */
  mark?(node: number): number;
}

/** Lines over a box: rising ones on what is new, falling ones on what is gone. */
export interface Pattern {
  readonly word: number;
  readonly rising: boolean;
}

/** See Certainty.nodes of the contract. */
const certainState = 2;

/** A fill as an ImageData word, and what is written on it. */
export interface Paint {
  readonly fill: number;
  readonly text: string;
}

function paintOf(colour: FrameColour): Paint {
  return { fill: toImageDataWord(colour.fill), text: toHex(colour.text) };
}

/** What frames are coloured by, and in which colours. */
export type Colouring = Pick<Settings, 'colourBy' | 'framePalette'>;

/** What a function is coloured by; "" where that is not known. */
export function groupOf(model: FlameModel, functionIndex: number, colourBy: Colouring['colourBy']): string {
  switch (colourBy) {
    case 'package':
      return model.packages[functionIndex] ?? '';
    case 'file':
      return model.rawFiles[functionIndex] ?? '';
    case 'library':
      return model.originOf(functionIndex).library;
    case 'kind': {
      const kind = frameKinds[model.kinds[functionIndex] ?? 0] ?? 'unknown';
      return kind === 'unknown' ? '' : kind;
    }
  }
}

/** Groups that most of the picture belongs to, largest first, with the time in them themselves: what a legend shows. */
export function largestGroups(
  model: FlameModel,
  colourBy: Colouring['colourBy'],
  most: number,
): readonly { readonly group: string; readonly self: number }[] {
  const sums = new Map<string, { group: string; self: number; area: number }>();
  const { self, count } = model.graph;
  for (let node = 1; node < count; node++) {
    const group = groupOf(model, model.functionOf(node), colourBy);
    const sum = sums.get(group) ?? { group, self: 0, area: 0 };
    sum.self += self[node] ?? 0;
    sum.area += model.width(node);
    sums.set(group, sum);
  }
  return [...sums.values()].sort((a, b) => b.area - a.area).slice(0, most);
}

/**
 * Colours by package; the root is quiet. Good for a model as it grows and one theme. A function's colour is made when a
 * frame of it is first drawn: a large profile has tens of thousands of them and shows a few hundred.
 */
export function flamePalette(model: FlameModel, theme: Theme, colouring: Colouring = defaultSettings): Palette {
  const words = new Uint32Array(model.header?.functionCount ?? 0); // 0 where not made yet: fills are opaque
  const quiet = quietPaint(theme);
  const { text } = paintOf(frameColour(theme, '', '', 'unknown'));
  const fillOf = (index: number): number => {
    const known = words[index] ?? 0;
    if (known !== 0) return known;
    const kind = frameKinds[model.kinds[index] ?? 0] ?? 'unknown';
    const { fill } =
      colouring.colourBy === 'package'
        ? frameColour(theme, model.packages[index] ?? '', model.names[index] ?? '', kind, colouring.framePalette)
        : frameColour(
            theme,
            groupOf(model, index, colouring.colourBy),
            model.names[index] ?? '',
            'unknown',
            colouring.framePalette,
          );
    return (words[index] = toImageDataWord(fill));
  };
  return {
    fill: (node) => (node === 0 ? quiet.fill : fillOf(model.functionOf(node))),
    text: (node) => (node === 0 ? quiet.text : text),
  };
}

/** How the root, and what is context only, is painted. */
export function quietPaint(theme: Theme): Paint {
  return paintOf(quietColour(theme));
}

/** The callers of the zoomed frame are context: they are as quiet as the root. */
export function withQuietCallers(palette: Palette, model: FlameModel, zoomNode: number, quiet: Paint): Palette {
  const zoomLevel = model.graph.depth[zoomNode] ?? 0;
  if (zoomLevel === 0) return palette;
  const isCaller = (node: number): boolean => (model.graph.depth[node] ?? 0) < zoomLevel;
  return {
    ...palette,
    fill: (node) => (isCaller(node) ? quiet.fill : palette.fill(node)),
    text: (node) => (isCaller(node) ? quiet.text : palette.text(node)),
  };
}

/** Frames of one function have a line along their top: it is below the pointer of another view. */
export function withMarked(palette: Palette, model: FlameModel, functionIndex: number, word: number): Palette {
  return {
    ...palette,
    mark: (node) => (model.functionOf(node) === functionIndex ? word : (palette.mark?.(node) ?? 0)),
  };
}

/**
 * Colours by signed difference: grey noise, one hue for more, one for less; a pattern on what is on one side only. Where windows
 * were judged, noise is what is not certain, and what is has a line on top, so that it can be told without colours; before that
 * the size of a change tells.
 */
export function diffPaletteOf(model: FlameModel, theme: Theme, palette: DiffPalette): Palette {
  const paints: (Paint & { readonly pattern: number })[] = [];
  for (let step = -diffSteps; step <= diffSteps; step++) {
    const colour = diffColour(theme, palette, step);
    paints.push({ ...paintOf(colour), pattern: toImageDataWord(patternColour(colour)) });
  }
  const noise = paints[diffSteps] ?? { fill: 0, text: '#000', pattern: 0 };
  const paint = (node: number): typeof noise => {
    const { baseline, comparison } = model.graph;
    if (model.certainty !== null) {
      if (model.certainty[node] !== certainState) return noise;
      return paints[certainStep(baseline?.[node] ?? 0, comparison?.[node] ?? 0) + diffSteps] ?? noise;
    }
    return paints[diffStep(baseline?.[node] ?? 0, comparison?.[node] ?? 0, model.total) + diffSteps] ?? noise;
  };
  return {
    fill: (node) => paint(node).fill,
    text: (node) => paint(node).text,
    pattern: (node) => {
      const { baseline, comparison } = model.graph;
      const presence = diffPresence(baseline?.[node] ?? 0, comparison?.[node] ?? 0);
      if (presence !== 'new' && presence !== 'gone') return undefined;
      return { word: paint(node).pattern, rising: presence === 'new' };
    },
    mark: (node) => (model.certainty?.[node] === certainState ? toImageDataWord(markColour(theme)) : 0),
  };
}
