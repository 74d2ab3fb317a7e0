import { useLayoutEffect, useRef, type ReactElement } from 'react';
import { frameKindAt } from '../../core/flame/frame-kinds.js';
import { useControls } from '../app/workbench.js';
import { formatShare } from '../format/numbers.js';
import { visibleText } from '../format/visible-text.js';
import { useCell } from '../state/cell.js';
import type { Hover } from './flame-canvas.js';
import { frameKindWords } from './operation-words.js';
import { nodeNumbers } from './node-words.js';

const awayPx = 14;

/** Name, file and numbers of the frame below the pointer, beside it and inside the view. */
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
  const file = model.files[index] ?? '';
  const kind = frameKindAt(model.kinds[index] ?? 0);
  const origin = [kind === 'unknown' ? '' : frameKindWords(kind), visibleText(model.packages[index] ?? '')]
    .filter((part) => part !== '')
    .join(', ');
  const parent = model.graph.parent[hover.node] ?? 0;
  return (
    <div className="flame-tip" ref={box} role="tooltip">
      <strong>{model.label(hover.node)}</strong>
      {file === '' ? null : <span className="file">{file}</span>}
      {origin === '' ? null : <span className="origin">{origin}</span>}
      <dl>
        {nodeNumbers(model, hover.node).map(({ label, value, share, tone }) => (
          <div key={label}>
            <dt className={label === 'change' ? undefined : tone}>{label}</dt>
            <dd>{value}</dd>
            <dd className={label === 'change' ? tone : 'mute'}>{share}</dd>
          </div>
        ))}
        {model.isDiff || hover.node === 0 ? null : (
          <div>
            <dt>of caller</dt>
            <dd />
            <dd className="mute">{formatShare(model.width(hover.node) / model.width(parent))}</dd>
          </div>
        )}
      </dl>
    </div>
  );
}
