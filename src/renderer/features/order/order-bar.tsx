import { useCallback, type ReactElement } from 'react';
import { useApp, useControls } from '../../app/workbench.js';
import { formatShare } from '../../format/numbers.js';
import { showLeftHeavy, showTimeOrder } from '../../state/order-control.js';
import type { TimeOrder } from '../../state/store.js';
import { hasTimes } from '../../state/times-control.js';
import { Segments } from '../../ui/fields.js';
import { ThreadMenu } from './thread-menu.js';
import { useThreads } from './use-threads.js';

const orders = ['left-heavy', 'time'] as const;
const orderLabels = { 'left-heavy': 'Left heavy', time: 'Time order' } as const;

/** How frames lie beside each other, of a profile whose samples say when they were taken, and of which thread. */
export function OrderBar(): ReactElement | null {
  const controls = useControls();
  const timed = useApp(hasTimes);
  const timeOrder = useApp((state) => state.timeOrder);
  const choose = useCallback(
    (order: (typeof orders)[number]) => {
      if (order === 'time')
        void showTimeOrder(controls); // shows its own failure
      else showLeftHeavy(controls);
    },
    [controls],
  );
  if (!timed) return null;
  return (
    <div className="order-bar">
      <Segments
        label="Order of frames"
        values={orders}
        labels={orderLabels}
        value={timeOrder === null ? 'left-heavy' : 'time'}
        onChoose={choose}
      />
      {timeOrder === null ? null : <InTime timeOrder={timeOrder} />}
    </div>
  );
}

function InTime({ timeOrder }: { readonly timeOrder: TimeOrder }): ReactElement {
  const threads = useThreads();
  const time = useApp((state) => state.viewHeader?.time);
  const total = useApp((state) => state.viewHeader?.total ?? 0);
  const cpu = useApp((state) => state.viewHeader?.sampleType.type === 'cpu');
  const words: string[] = [];
  if (time !== undefined && time.perMs > 0) words.push(cpu ? 'Gaps: it was on no CPU' : 'Gaps: nothing was sampled');
  else if (time !== undefined) words.push('Samples one behind the other: widths are no time');
  if (time !== undefined && time.untimed > 0)
    words.push(`${formatShare(time.untimed / total)} without a time, not drawn`);
  return (
    <>
      {threads.length === 0 ? null : <ThreadMenu threads={threads} chosen={timeOrder.thread} />}
      <p className="order-words clip">{words.join('. ')}</p>
    </>
  );
}
