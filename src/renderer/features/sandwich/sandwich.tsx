import { useCallback, useMemo, useRef, type ReactElement } from 'react';
import * as v from 'valibot';
import type { ViewSource } from '../../../contract/decoder.js';
import { calleesOf, callersOf, Operations, type FrameKey } from '../../../contract/operations.js';
import { usePart, type Part } from '../../app/use-part.js';
import { useApp, useControls, WorkbenchContext } from '../../app/workbench.js';
import { FlameView } from '../../flame/flame-view.js';
import { frameAtPath } from '../../flame/find-frames.js';
import { formatShare, formatValue } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import { useFigures } from '../guidance/find-figures.js';
import { figuresOfFunction } from '../guidance/whole-figures.js';
import { useCell } from '../../state/cell.js';
import type { Context } from '../../state/context.js';
import { functionSet } from '../../state/operations-control.js';
import { showTab } from '../../state/panes.js';
import { followSearch } from '../../state/search-control.js';
import type { AppState } from '../../state/store.js';
import { leftHeavy } from '../../state/view-request.js';
import { Button } from '../../ui/button.js';

/** Who calls a function, above it, and what it calls, below it: all its frames taken together. */
export function SandwichView(): ReactElement {
  const { flame } = useControls();
  const model = useCell(flame);
  const selectedPath = useApp((state) => state.selectedPath);
  if (model === null) return <div className="table-wait" />;
  const node = frameAtPath(model, selectedPath);
  if (node < 0) return <NothingChosen />;
  const key = model.keyOf(node);
  return <Sandwich key={`${model.viewId} ${key.name} ${key.file}`} name={key.name} file={key.file} />;
}

function NothingChosen(): ReactElement {
  const { store } = useControls();
  const show = useCallback(() => {
    store.setState((state) => showTab(state, 'flame'));
  }, [store]);
  return (
    <div className="empty">
      <h1>Callers and callees of a function</h1>
      <p>
        Select a function in another view: here you see who calls its function, above it, and what it calls, below it.
      </p>
      <Button tone="accent" onClick={show}>
        Show the flame graph
      </Button>
    </div>
  );
}

function Sandwich({ name, file }: FrameKey): ReactElement {
  const callers = useHalf({ name, file }, 'callers');
  const callees = useHalf({ name, file }, 'callees');
  const whole = useApp((state) => state.viewHeader?.total ?? 0);
  const unit = useApp((state) => state.viewHeader?.sampleType.unit ?? '');
  const total = callees.header?.total ?? null;
  const { store } = useControls();
  const head = useRef<HTMLParagraphElement>(null);
  useFigures(head, () => (total === null ? null : figuresOfFunction(store.getState(), name, total)));
  const failure = callers.failure ?? callees.failure;
  if (failure !== null) return <p className="table-wait">{visibleText(failure)}</p>;
  return (
    <div className="sandwich">
      <p className="sandwich-head" ref={head}>
        <span className="strong clip">{visibleText(name)}</span>
        {total === null ? null : (
          <span className="mute">
            {formatValue(total, unit)}, {formatShare(whole > 0 ? total / whole : 0)} of all
          </span>
        )}
      </p>
      <section className="sandwich-half" aria-label="Callers">
        <h3>Callers</h3>
        <WorkbenchContext value={callers.workbench}>
          <FlameView label="Callers" />
        </WorkbenchContext>
      </section>
      <section className="sandwich-half" aria-label="Callees">
        <h3>Callees</h3>
        <WorkbenchContext value={callees.workbench}>
          <FlameView label="Callees" />
        </WorkbenchContext>
      </section>
    </div>
  );
}

/** One half: all frames of the function, with their callers or with what they call. */
function useHalf({ name, file }: FrameKey, side: 'callers' | 'callees'): Part {
  const source = useApp((state) => state.viewSource);
  const half = useMemo<ViewSource | null>(() => {
    if (source === null) return null;
    const frames = functionSet({ name, file });
    const operations = v.parse(Operations, side === 'callers' ? callersOf(frames) : calleesOf(frames));
    return { ...leftHeavy(source), operations: [...(source.operations ?? []), ...operations] };
  }, [source, name, file, side]);
  return usePart(half, side === 'callers' ? standUp : hangDown);
}

const standUp = (main: Context, part: Context): (() => void) => followWindow(main, part, 'flame');
const hangDown = (main: Context, part: Context): (() => void) => followWindow(main, part, 'icicle');

/** Theme and search of the window. Callers stand on the function, whichever way the main graph stands. */
function followWindow(main: Context, part: Context, orientation: 'flame' | 'icicle'): () => void {
  const follow = ({ settings, shownTheme, search, searchMode }: AppState): void => {
    part.store.setState({ settings: { ...settings, orientation }, shownTheme, search, searchMode });
  };
  follow(main.store.getState());
  const followed = ['settings', 'shownTheme', 'search', 'searchMode'] as const;
  const endSearch = followSearch(part);
  const end = main.store.subscribe((state, before) => {
    if (followed.some((key) => state[key] !== before[key])) follow(state);
  });
  return () => {
    end();
    endSearch();
  };
}
