import type { SharePage } from '../../core/formats/share-page.js';
import { visibleText } from '../format/visible-text.js';

/** A node as d3-flame-graph wants it. */
export interface ShareNode {
  readonly name: string;
  readonly file: string;
  readonly value: number;
  readonly self: number;
  readonly colour: string;
  readonly baseline?: number;
  readonly comparison?: number;
  readonly children: ShareNode[];
}

/** The page's columns as nested nodes, their names made harmless to look at. Parents stand before their children, so one pass is enough. */
export function nestedTree(page: SharePage): ShareNode {
  const nodes: ShareNode[] = [];
  for (let index = 0; index < page.parent.length; index++) {
    const functionIndex = page.functionIndex[index] ?? 0;
    const node: ShareNode = {
      name: visibleText(page.names[functionIndex] ?? '?'),
      file: visibleText(page.files[functionIndex] ?? ''),
      value: page.value[index] ?? 0,
      self: page.self[index] ?? 0,
      colour: page.diff?.colours[index] ?? page.colours[functionIndex] ?? '#888',
      ...(page.diff === undefined
        ? {}
        : { baseline: page.diff.baseline[index] ?? 0, comparison: page.diff.comparison[index] ?? 0 }),
      children: [],
    };
    nodes.push(node);
    if (index > 0) nodes[page.parent[index] ?? 0]?.children.push(node);
  }
  const root = nodes[0];
  if (root === undefined) throw new Error('the page holds no profile');
  return root;
}
