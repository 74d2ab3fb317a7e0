import { useCallback, useEffect, useState } from 'react';
import type { CodeAnswer } from '../../../contract/code.js';
import type { LineTable } from '../../../contract/decoder.js';
import type { SpooledProfile } from '../../../contract/links.js';
import type { Failure, FailureCode } from '../../../contract/result.js';
import type { Selection } from '../../../contract/selection.js';
import { useApp, useControls } from '../../app/workbench.js';
import type { AppState } from '../../state/store.js';

/** Whose code it is: a view of one profile has the comparison's alone. */
export type CodeSide = 'comparison' | 'baseline';

function isCompared({ viewWindows }: AppState): boolean {
  return viewWindows.length === 2;
}

function placeIn(state: AppState, side: CodeSide): number {
  return side === 'comparison' && isCompared(state) ? 1 : 0;
}

/** What the file ran as; null of a file. Of a snapshot it may have passed away. */
function sampledOf(state: AppState, side: CodeSide): Selection | null {
  return state.viewWindows[placeIn(state, side)] ?? null;
}

/** What a snapshot knows of where its code came from. */
function builtOf(state: AppState, side: CodeSide): Pick<SpooledProfile, 'built'> {
  const built = state.viewProfiles[placeIn(state, side)]?.built;
  return built === undefined ? {} : { built };
}

/** What of the selections says where their code is: Live moves their ranges on, and the code stays where it is. */
export function placeOfCode(state: AppState): string {
  const sides: readonly CodeSide[] = isCompared(state) ? ['baseline', 'comparison'] : ['comparison'];
  return JSON.stringify(
    sides.map((side) => {
      const sampled = sampledOf(state, side);
      return [sampled?.targetId, sampled?.source, sampled?.selector, builtOf(state, side).built];
    }),
  );
}

/** What the baseline's code is asked for by; 'none': there is no baseline, 'alike': nothing tells its code from the comparison's. */
function baselineOf(state: AppState): string {
  if (!isCompared(state)) return 'none';
  const [before, after] = (['baseline', 'comparison'] as const).map((side) =>
    JSON.stringify([sampledOf(state, side), builtOf(state, side)]),
  );
  return before === undefined || before === after ? 'alike' : before;
}

/** How far reading a file is. */
export type CodeState =
  /** It is not read: see `baselineOf`. */
  | { readonly phase: 'none' | 'alike' }
  | { readonly phase: 'reading' }
  | { readonly phase: 'read'; readonly answer: CodeAnswer }
  | { readonly phase: 'failed'; readonly failure: Failure };

const unread: Readonly<Record<string, CodeState>> = { none: { phase: 'none' }, alike: { phase: 'alike' } };

/**
 * Reads a source file, once, but a baseline's anew when that is of another time; who wants it anew draws anew. Answers what gives it up, too.
 */
export function useCode(file: string, side: CodeSide): { readonly state: CodeState; readonly cancel: () => void } {
  const { links, store } = useControls();
  const baseline = useApp(baselineOf);
  const askedBy = side === 'baseline' ? baseline : 'comparison';
  const [state, setState] = useState<CodeState>({ phase: 'reading' });
  const [controller] = useState(() => new AbortController());
  useEffect(() => {
    if (askedBy in unread) return undefined;
    // A second drawing of the same (React's strict mode) must not find the first one's signal used up.
    const reading = new AbortController();
    const read = async (): Promise<void> => {
      const signal = AbortSignal.any([reading.signal, controller.signal]);
      const state = store.getState();
      const { built } = builtOf(state, side);
      const asked = { file, selection: sampledOf(state, side), ...(built === undefined ? {} : { built: [...built] }) };
      const result = await links.query('code.read', asked, signal);
      if (reading.signal.aborted) return;
      setState(result.ok ? { phase: 'read', answer: result.value } : { phase: 'failed', failure: result.failure });
    };
    void read(); // keeps its failure in the state
    return () => {
      reading.abort();
    };
  }, [links, store, file, side, askedBy, controller]);
  const cancel = useCallback(() => {
    controller.abort();
  }, [controller]);
  return { state: unread[askedBy] ?? state, cancel };
}

const passing: ReadonlySet<FailureCode> = new Set(['process-restarted', 'cancelled', 'not-found', 'unsupported']);

interface AskedLines {
  readonly functionIndex: number;
  readonly table: LineTable | null;
  readonly failure: Failure | null;
}

/**
 * What the lines of a function's file cost in the view on the screen, of a comparison each side by its own lines where they are wanted
 * apart. What was told of the file before stays until the next is there, as in a live view; `current`: it is of this very function.
 */
export function useLines(
  viewId: string,
  functionIndex: number | undefined,
  file: string,
  apart: boolean,
): { readonly table: LineTable | null; readonly current: boolean; readonly failure: Failure | null } {
  const { decoder } = useControls();
  const [asked, setAsked] = useState<AskedLines>({ functionIndex: -1, table: null, failure: null });
  useEffect(() => {
    if (functionIndex === undefined) return undefined;
    const asking = new AbortController();
    const ask = async (): Promise<void> => {
      const result = await decoder.call('view.lines', { viewId, functionIndex, apart }, asking.signal);
      if (asking.signal.aborted) return;
      if (result.ok) setAsked({ functionIndex, table: result.value, failure: null });
      // A view that another one took the place of, that is a step of a dragged range, or whose process ended: the next one asks again.
      else if (!passing.has(result.failure.code)) setAsked((before) => ({ ...before, failure: result.failure }));
    };
    void ask(); // keeps its failure in the state
    return () => {
      asking.abort();
    };
  }, [decoder, viewId, functionIndex, apart]);
  const table = asked.table?.file === file ? asked.table : null;
  return { table, current: table !== null && asked.functionIndex === functionIndex, failure: asked.failure };
}
