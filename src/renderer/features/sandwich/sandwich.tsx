import { useCallback, useEffect, useMemo, useState, type ReactElement } from 'react';
import * as v from 'valibot';
import { calleesOf, callersOf, Operations, type FrameKey } from '../../../contract/operations.js';
import type { SearchResult } from '../../../core/flame/search.js';
import { nodeAtPath } from '../../../core/flame/navigate.js';
import { useApp, useControls, useWorkbench, WorkbenchContext, type Workbench } from '../../app/workbench.js';
import { FlameView } from '../../flame/flame-view.js';
import type { FlameModel } from '../../flame/model.js';
import { formatShare, formatValue } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import { createCell, useCell } from '../../state/cell.js';
import type { Context } from '../../state/context.js';
import { functionSet } from '../../state/operations-control.js';
import { openSideView } from '../../state/side-view.js';
import { createAppStore } from '../../state/store.js';
import { Button } from '../../ui/button.js';

/** Who calls a function, above it, and what it calls, below it: all its frames taken together. */
export function SandwichView(): ReactElement {
  const { flame } = useControls();
  const model = useCell(flame);
  const selectedPath = useApp((state) => state.selectedPath);
  const key = model === null ? null : keyAtPath(model, selectedPath);
  if (model === null) return <div className="table-wait" />;
  if (key === null) return <NothingChosen />;
  return <Sandwich key={`${model.viewId} ${key.name} ${key.file}`} name={key.name} file={key.file} />;
}

/** The function of the selected frame. */
function keyAtPath(model: FlameModel, path: readonly string[]): FrameKey | null {
  if (path.length === 0 || model.graph.count === 0) return null;
  const found = nodeAtPath(model.graph, path, model.nameOf);
  return found.matched === path.length ? model.keyOf(found.node) : null;
}

function NothingChosen(): ReactElement {
  const { store } = useControls();
  const show = useCallback(() => {
    store.setState({ tab: 'flame' });
  }, [store]);
  return (
    <div className="empty">
      <h1>Callers and callees of a function</h1>
      <p>
        Select a frame in the flame graph: here you see who calls its function, above it, and what it calls, below it.
      </p>
      <Button tone="accent" onClick={show}>
        Show the flame graph
      </Button>
    </div>
  );
}

function Sandwich({ name, file }: FrameKey): ReactElement {
  const callers = usePane({ name, file }, 'callers');
  const callees = usePane({ name, file }, 'callees');
  const whole = useApp((state) => state.viewHeader?.total ?? 0);
  const unit = useApp((state) => state.viewHeader?.sampleType.unit ?? '');
  const total = callees.header;
  const failure = callers.failure ?? callees.failure;
  if (failure !== null) return <p className="table-wait">{visibleText(failure)}</p>;
  return (
    <div className="sandwich">
      <p className="sandwich-head">
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

interface Pane {
  readonly workbench: Workbench;
  /** The half's total, once it is known. */
  readonly header: number | null;
  readonly failure: string | null;
}

/**
 * One half: a flame graph with a zoom and a selection of its own. Callers stand on the function, whichever way the main graph
 * stands; what is done to frames from its menu is done to the main view.
 */
function usePane(key: FrameKey, side: 'callers' | 'callees'): Pane {
  const workbench = useWorkbench();
  const main = workbench.context;
  const source = useApp((state) => state.viewSource);
  const [header, setHeader] = useState<number | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const { name, file } = key;
  const context = useMemo<Context>(
    () => ({
      ...main,
      store: createAppStore(main.clock()),
      flame: createCell<FlameModel | null>(null),
      found: createCell<SearchResult | null>(null),
      operationsOn: main,
    }),
    [main],
  );
  useEffect(() => {
    const follow = (): void => {
      const { settings, shownTheme } = main.store.getState();
      const orientation = side === 'callers' ? 'flame' : 'icicle';
      context.store.setState({ settings: { ...settings, orientation }, shownTheme });
    };
    follow();
    return main.store.subscribe((state, before) => {
      if (state.settings !== before.settings || state.shownTheme !== before.shownTheme) follow();
    });
  }, [main, context, side]);
  useEffect(() => {
    if (source === null) return undefined;
    const frames = functionSet({ name, file });
    const operations = v.parse(Operations, side === 'callers' ? callersOf(frames) : calleesOf(frames));
    const view = openSideView(main, { ...source, operations: [...(source.operations ?? []), ...operations] }, () => {
      context.flame.touch();
    });
    void view.opened.then((result) => {
      if (result.ok) {
        context.store.setState({ viewPhase: 'ready', viewHeader: result.value.header ?? null });
        context.flame.set(result.value);
        setHeader(result.value.total);
      } else if (result.failure.code !== 'cancelled') setFailure(result.failure.message);
    });
    return () => {
      view.dispose();
      context.flame.set(null);
    };
  }, [main, context, source, side, name, file]);
  return useMemo(
    () => ({ workbench: { ...workbench, context }, header, failure }),
    [workbench, context, header, failure],
  );
}
