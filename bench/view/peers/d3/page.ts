import { select } from 'd3-selection';
import flamegraph, { colorMapper } from 'd3-flame-graph';

// d3-flame-graph as its documentation sets it up, without motion, and with its own rule that leaves out what is below a pixel.

const graph = document.querySelector<HTMLElement>('#graph');
const search = document.querySelector<HTMLInputElement>('#search');
if (graph === null || search === null) throw new Error('the page is not whole');

interface Nested {
  readonly name: string;
  readonly value: number;
  /** Of a difference. */
  readonly delta?: number;
}

const chart = flamegraph<Nested>()
  .width(innerWidth - 40)
  .cellHeight(18)
  .inverted(true)
  .transitionDuration(0)
  .minFrameSize(1);

document.addEventListener('dragover', (event) => {
  event.preventDefault();
});
document.addEventListener('drop', (event) => {
  event.preventDefault();
  void event.dataTransfer?.files[0]?.text().then((text) => {
    const root = JSON.parse(text) as Nested;
    // Its differential mode.
    if (root.delta !== undefined) chart.setColorMapper(colorMapper.differentialColorMapper);
    select(graph).datum(root).call(chart);
    graph.dataset['state'] = 'ready';
  });
});
search.addEventListener('input', () => {
  chart.search(search.value);
  search.dataset['found'] = search.value;
});
