import type { FlameModel } from '../../flame/model.js';
import { nodeNumbers, selfOfSides, sidesOf, type NumberLine } from '../../flame/node-words.js';
import type { Context } from '../../state/context.js';
import type { AppState } from '../../state/store.js';
import {
  changeFigure,
  line,
  measuredOf,
  sumFigure,
  type Figure,
  type FigureSet,
  type JudgedChange,
} from './figures.js';

/** What the numbers of a frame are sums of; where stacks are inverted its callers lie below it. */
function meaningsOf({ viewSource }: AppState): { readonly whole: string; readonly alone: string } {
  const turns = (viewSource?.operations ?? []).filter(({ kind }) => kind === 'invert').length;
  return turns % 2 === 1
    ? {
        whole: 'the function next to the root alone, when nothing it calls runs, as far as it is called this way',
        alone: 'the same, where nothing calls this frame',
      }
    : {
        whole: 'this frame and all it calls, in this stack of callers',
        alone: 'this frame alone, when nothing it calls runs',
      };
}

/** The numbers of a frame of a graph, whether it is the window's or a part of another view, of which more was done to the same profile. */
export function shownFigures({ store, operationsOn }: Context, model: FlameModel, node: number): FigureSet {
  const own = store.getState();
  const state = operationsOn === undefined ? own : { ...operationsOn.store.getState(), viewSource: own.viewSource };
  return figuresOfNode(state, model, node);
}

/** The numbers of a frame as figures. */
export function figuresOfNode(state: AppState, model: FlameModel, node: number): FigureSet {
  const figures = nodeNumbers(model, node).map((number) => figureOf(state, model, node, number));
  return { of: model.label(node), figures, chosen: 0 };
}

/** The figure of one of them by its label; undefined where the frame has none of that name. */
export function figureOfNode(state: AppState, model: FlameModel, node: number, label: string): Figure | undefined {
  const number = nodeNumbers(model, node).find((each) => each.label === label);
  return number === undefined ? undefined : figureOf(state, model, node, number);
}

function figureOf(state: AppState, model: FlameModel, node: number, number: NumberLine): Figure {
  const { label, value: shown, share } = number;
  const { whole, alone } = meaningsOf(state);
  const [before, after] = sidesOf(model, node);
  const [selfBefore, selfAfter] = selfOfSides(model, node);
  const [wholeBefore, wholeAfter] = sidesOf(model, 0);
  const sum = (side: 0 | 1, value: number, all: number, meaning: string): Figure =>
    sumFigure(state, { label, shown, side, value, meaning, share: { label: 'of all', whole: all } });
  switch (label) {
    case 'total':
      return sum(0, model.width(node), model.total, whole);
    case 'self':
      return sum(0, model.graph.self[node] ?? 0, model.total, alone);
    case 'A':
      return sum(0, before, wholeBefore, whole);
    case 'B':
      return sum(1, after, wholeAfter, whole);
    case 'self A':
      return sum(0, selfBefore, wholeBefore, alone);
    case 'self B':
      return sum(1, selfAfter, wholeAfter, alone);
    case 'self change':
      return changeFigure(state, {
        label,
        shown,
        before: selfBefore,
        after: selfAfter,
        meaning: alone,
        judged: 'never',
      });
    case 'change':
    case '95 %': {
      const judged = judgedNode(model, node);
      return changeFigure(state, { label, shown: shown || share, before, after, meaning: whole, judged });
    }
    default: {
      const side = label === 'samples B' ? 1 : 0;
      const value = model.isDiff ? (side === 0 ? before : after) : model.width(node);
      const how = [line('made of', 'its total, divided by what one sample counts')];
      return { label, shown, how, measured: measuredOf(state, side, value, whole) };
    }
  }
}

/** What windows say of a node; undefined where they were not judged. */
export function judgedNode({ certainty, margins, judgedBy }: FlameModel, node: number): JudgedChange | undefined {
  const state = certainty?.[node];
  return state === undefined ? undefined : { state, margin: margins.get(node), by: judgedBy };
}
