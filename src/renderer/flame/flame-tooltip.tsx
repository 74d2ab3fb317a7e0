import { useLayoutEffect, useRef, type ReactElement } from 'react';
import { frameKindAt } from '../../core/flame/frame-kinds.js';
import { useControls } from '../app/workbench.js';
import { visibleText } from '../format/visible-text.js';
import { useCell } from '../state/cell.js';
import type { Hover } from './flame-canvas.js';
import { frameKindWords } from './operation-words.js';
import { isDirection, nodeNumbers } from './node-words.js';
import { frameTimeWords } from './time-ticks.js';

const awayPx = 14;

/**
 * Name, place and numbers of the frame below the pointer, beside it and inside the view. All of it is there already: moving the
 * pointer asks no other process.
 */
export function FlameTooltip({ hover }: { readonly hover: Hover }): ReactElement | null {
  const { flame } = useControls();
  const model = useCell(flame);
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = box.current;
    const parent = element?.parentElement;
    if (element === null || parent === null || parent === undefined) return;
    const right = hover.xPx + awayPx + element.offsetWidth <= parent.clientWidth - 4;
    const below = hover.yPx + awayPx + element.offsetHeight <= parent.clientHeight - 4;
    const x = right ? hover.xPx + awayPx : Math.max(4, hover.xPx - awayPx - element.offsetWidth);
    const y = below ? hover.yPx + awayPx : Math.max(4, hover.yPx - awayPx - element.offsetHeight);
    element.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  });
  if (model === null || hover.node >= model.graph.count) return null;
  const index = model.functionOf(hover.node);
  const former = model.formerNames.get(index);
  const { file, library, buildId } = model.originOf(index);
  const kind = frameKindAt(model.kinds[index] ?? 0);
  const origin = [kind === 'unknown' ? '' : frameKindWords(kind), visibleText(model.packages[index] ?? '')]
    .filter((part) => part !== '')
    .join(', ');
  const numbers = nodeNumbers(model, hover.node);
  const time = model.header?.time;
  const { x0, x1 } = model.graph;
  const when = time === undefined ? '' : frameTimeWords(time, x0[hover.node] ?? 0, x1[hover.node] ?? 0);
  return (
    <div className="flame-tip" ref={box} role="tooltip">
      <strong>{model.label(hover.node)}</strong>
      {former === undefined ? null : <span className="file">{former} in A</span>}
      {file === '' ? null : <span className="file">{file}</span>}
      {library === '' || library.startsWith('[') ? null : <span className="file">{library}</span>}
      {buildId === '' ? null : <span className="file">build-id {buildId}</span>}
      {origin === '' ? null : <span className="origin">{origin}</span>}
      {when === '' ? null : <span className="origin">{when}</span>}
      <dl>
        {numbers.some(({ ofCaller }) => ofCaller !== '') ? (
          <div className="mute" aria-hidden="true">
            <dt />
            <dd />
            <dd>of all</dd>
            <dd>of caller</dd>
          </div>
        ) : null}
        {numbers.map(({ label, value, share, ofCaller, tone }) => (
          <div key={label}>
            <dt className={isDirection(tone) ? undefined : tone}>{label}</dt>
            <dd>{value}</dd>
            <dd className={isDirection(tone) ? tone : 'mute'}>{share}</dd>
            <dd className="mute">{ofCaller}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
