import type { FlameModel } from '../../flame/model.js';
import type { ExplainedNumber } from './explanation.js';

/** What a number of a frame is a sum of, by the label of its line; undefined for one that is computed from others. */
export function numberOfNode(model: FlameModel, node: number, label: string): ExplainedNumber | undefined {
  const { graph, header } = model;
  const whole = 'this frame and all it calls, in this stack of callers';
  switch (label) {
    case 'total':
      return { side: 0, label, value: model.width(node), meaning: whole };
    case 'self':
      return { side: 0, label, value: graph.self[node] ?? 0, meaning: 'this frame alone, when nothing it calls runs' };
    case 'A': {
      const factor = header?.scaling?.factor ?? 1;
      const scaled = factor === 1 ? '' : `, times ${factor.toPrecision(3)} to be comparable with B`;
      const value = (graph.baseline?.[node] ?? 0) / factor;
      return { side: 0, label, value, meaning: `${whole}${scaled}` };
    }
    case 'B':
      return { side: 1, label, value: graph.comparison?.[node] ?? 0, meaning: whole };
    default:
      return undefined;
  }
}
