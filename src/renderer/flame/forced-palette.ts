import { diffPresence, diffStep } from '../../core/flame/diff-colours.js';
import type { FlameModel } from './model.js';
import type { Paint, Palette } from './palette.js';
import type { TokenColour } from './theme-colours.js';

/** The system's own colours, as tokens stand for them while it forces them on all pages. */
export type ForcedColours = Readonly<Record<'bg' | 'text' | 'accent' | 'on-accent' | 'hatch', TokenColour>>;

/** See Certainty.nodes of the contract. */
const certainState = 2;

/**
 * A graph in the few colours of a system that forces its own. Frames are as the system's text is on its background, the other way round,
 * so that the gaps between them are seen; of a diff what is more is as what is selected, and what did not change is as what can not be
 * used. New, gone and certain have their patterns and their line, as always.
 */
export function forcedPalette(model: FlameModel, colours: ForcedColours): Palette {
  const plain = paintOf(colours.text, colours.bg);
  const strong = paintOf(colours.accent, colours['on-accent']);
  const quiet = forcedQuiet(colours);
  if (!model.isDiff) {
    return { fill: (node) => (node === 0 ? quiet : plain).fill, text: (node) => (node === 0 ? quiet : plain).text };
  }
  const stepOf = (node: number): number => {
    const { baseline, comparison } = model.graph;
    const [before, after] = [baseline?.[node] ?? 0, comparison?.[node] ?? 0];
    if (model.certainty === null) return diffStep(before, after, model.total);
    return model.certainty[node] === certainState ? after - before : 0;
  };
  const paint = (node: number): Paint => {
    const step = stepOf(node);
    return step === 0 ? quiet : step > 0 ? strong : plain;
  };
  return {
    fill: (node) => paint(node).fill,
    text: (node) => paint(node).text,
    pattern: (node) => {
      const { baseline, comparison } = model.graph;
      const presence = diffPresence(baseline?.[node] ?? 0, comparison?.[node] ?? 0);
      if (presence !== 'new' && presence !== 'gone') return undefined;
      return { word: colours.bg.word, rising: presence === 'new' };
    },
    mark: (node) => (model.certainty?.[node] === certainState ? colours.bg.word : 0),
  };
}

/** The root and the callers of the zoomed frame, as such a system shows what is not at hand. */
export function forcedQuiet(colours: ForcedColours): Paint {
  return paintOf(colours.hatch, colours.bg);
}

function paintOf(fill: TokenColour, text: TokenColour): Paint {
  return { fill: fill.word, text: text.css };
}
