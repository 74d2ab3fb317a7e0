import { select } from 'd3-selection';
import flamegraph, { type ChartNode } from 'd3-flame-graph';
import type { SharePage } from '../../core/formats/share-page.js';
import { formatCount, formatShare, formatValue, plural } from '../format/numbers.js';
import { visibleText } from '../format/visible-text.js';
import { nestedTree, type ShareNode } from './tree.js';
import './page.css';

function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>>,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** What is said of a frame below the graph. */
function describe(node: ShareNode, total: number, unit: string): string {
  const parts = [node.name, `total ${formatValue(node.value, unit)} (${share(node.value, total)})`];
  if (node.baseline !== undefined && node.comparison !== undefined) {
    parts.push(`before ${formatValue(node.baseline, unit)}, after ${formatValue(node.comparison, unit)}`);
  } else {
    parts.push(`self ${formatValue(node.self, unit)} (${share(node.self, total)})`);
  }
  if (node.file !== '') parts.push(node.file);
  return parts.join('   ');
}

function share(part: number, whole: number): string {
  return formatShare(whole === 0 ? 0 : part / whole);
}

function show(page: SharePage): void {
  const tree = nestedTree(page);
  const total = tree.value;
  const found = element('output', { id: 'found' });
  const details = element('p', { id: 'details' }, 'Point at a frame. Click to zoom.');
  const search = element('input', { type: 'search', placeholder: 'Search', 'aria-label': 'Search' });
  const reset = element('button', { type: 'button' }, 'Whole graph');
  const graph = element('div', { id: 'graph' });
  document
    .querySelector('#page')
    ?.append(
      element(
        'header',
        {},
        element('h1', {}, visibleText(page.title)),
        element(
          'p',
          { id: 'total', 'data-total': String(total) },
          `${formatValue(total, page.unit)} in all, ${formatCount(page.parent.length)} call nodes`,
        ),
        element('div', { class: 'tools' }, search, found, reset),
      ),
      graph,
      details,
      element(
        'footer',
        {},
        'Made with Pyrometer. Drawn by d3-flame-graph (Apache-2.0). This file loads and sends nothing.',
      ),
    );

  const chart = flamegraph<ShareNode>()
    .width(graph.clientWidth)
    .cellHeight(18)
    .inverted(true)
    .sort(false)
    .minFrameSize(0.5)
    .transitionDuration(matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 150)
    .setColorMapper((node) => (node.highlight === true ? 'var(--hit)' : node.data.colour))
    .setLabelHandler((node) => describe(node.data, total, page.unit))
    .setSearchMatch((node, term) => node.data.name.toLowerCase().includes(term.toLowerCase()))
    .setSearchHandler((results, sum) => {
      found.textContent = `${plural(results.length, 'match', 'matches')}, ${share(sum, total)}`;
    })
    .onHover((node: ChartNode<ShareNode>) => {
      details.textContent = describe(node.data, total, page.unit);
    });
  select<HTMLElement, ShareNode>(graph).datum(tree).call(chart);

  search.addEventListener('input', () => {
    if (search.value === '') {
      chart.clear();
      found.textContent = '';
    } else chart.search(search.value);
  });
  reset.addEventListener('click', () => {
    chart.resetZoom();
  });
  addEventListener('resize', () => {
    chart.width(graph.clientWidth);
    chart.update();
  });
}

const data = document.querySelector('#profile')?.textContent;
// The page's own data, written by the program that wrote this script.
if (data !== undefined) show(JSON.parse(data) as SharePage);
