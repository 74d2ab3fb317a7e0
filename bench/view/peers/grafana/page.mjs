import { createDataFrame, createTheme, FieldType } from '@grafana/data';
import { FlameGraph } from '@grafana/flamegraph';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';

// Grafana's panel as its package exports it, with the frame that Pyroscope's data source hands it: depth first, a level for each node.

const root = createRoot(document.querySelector('#graph'));
const theme = createTheme({ colors: { mode: 'dark' } });

/** @param {{ name: string, value: number, children?: object[] }} nested */
function frameOf(nested) {
  const [level, label, value, self] = [[], [], [], []];
  const open = [[nested, 0]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [node, depth] = next;
    const children = node.children ?? [];
    level.push(depth);
    label.push(node.name);
    value.push(node.value);
    self.push(children.reduce((left, child) => left - child.value, node.value));
    for (let at = children.length; at-- > 0;) open.push([children[at], depth + 1]);
  }
  return createDataFrame({
    name: 'response',
    meta: { preferredVisualisationType: 'flamegraph' },
    fields: [
      { name: 'level', type: FieldType.number, values: level },
      { name: 'value', type: FieldType.number, values: value, config: { unit: 'short' } },
      { name: 'self', type: FieldType.number, values: self, config: { unit: 'short' } },
      { name: 'label', type: FieldType.string, values: label },
    ],
  });
}

const show = (data) => {
  root.render(createElement(FlameGraph, { data, getTheme: () => theme }));
};

// The panel says nothing of its drawings; each begins with this.
const { clearRect } = CanvasRenderingContext2D.prototype;
CanvasRenderingContext2D.prototype.clearRect = function (...box) {
  document.body.dataset.drawings = String(Number(document.body.dataset.drawings ?? 0) + 1);
  clearRect.apply(this, box);
};

document.addEventListener('dragover', (event) => {
  event.preventDefault();
});
document.addEventListener('drop', (event) => {
  event.preventDefault();
  void event.dataTransfer.files[0].text().then((text) => {
    show(frameOf(JSON.parse(text)));
  });
});
document.body.dataset.state = 'ready';
