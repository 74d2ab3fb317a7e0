import type { Phase } from '../state/store.js';
import type { FlameModel } from './model.js';

/** Writes down what a test or a script can ask of a graph's canvas. `marked`: the function that is hovered in another view. */
export function publish(canvas: HTMLCanvasElement, model: FlameModel | null, viewPhase: Phase, marked: string): void {
  const { dataset } = canvas;
  // While the next one is loading, what is drawn is still the last.
  dataset['next'] = viewPhase === 'loading' ? 'loading' : 'none';
  dataset['view'] = model?.viewId ?? '';
  dataset['total'] = String(model?.total ?? 0);
  dataset['nodes'] = String(model?.graph.count ?? 0);
  dataset['state'] = stateOf(model, viewPhase);
  // Whether all that the screen can show has arrived.
  dataset['shown'] = model?.shown === true ? 'yes' : 'no';
  dataset['marked'] = marked;
  dataset['order'] = model?.header?.time === undefined ? 'left-heavy' : 'time';
}

function stateOf(model: FlameModel | null, phase: Phase): 'ready' | 'loading' | 'empty' {
  if (model === null) return phase === 'loading' ? 'loading' : 'empty';
  if (!model.complete) return 'loading';
  return model.total > 0 ? 'ready' : 'empty';
}
