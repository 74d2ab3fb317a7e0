import * as v from 'valibot';
import { searchModes } from '../../core/flame/match-names.js';
import { BuiltList } from '../../contract/code.js';
import { LabelKey, Operations } from '../../contract/operations.js';
import { Baseline, Id, longestPath, Selection, SourceKind, Tab } from '../../contract/selection.js';
import { FrameWidth, Scale } from '../../contract/decoder.js';
import { WorkCounter } from '../../contract/work-counter.js';
import type { Context } from './context.js';
import { leastSpanMs, longestSpanMs, presets } from './time-range.js';
import type { AppState } from './store.js';

const Range = v.nullable(v.object({ startMs: v.number(), endMs: v.number() }));
const Compared = v.optional(v.nullable(Baseline), null);
const ValueIndex = v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0)));
const TimeOrder = v.fallback(v.nullable(v.object({ thread: v.nullable(LabelKey) })), null);
const Path = v.pipe(v.array(v.string()), v.maxLength(longestPath));

/**
 * What a window wants back after a reload or after its renderer died. Version 1.
 * Changes: `scale` for `normalisation`, `frameWidth`, `baseline`, `sideBySide`, `ignoreTypeArguments`, `split`, `splitShare`, `timeOrder`, `workCounter`, `workCounted`, `spanMs`. A field that is added gets a fallback; a change of meaning gets a new version and an upgrader here.
 */
const Session = v.object({
  version: v.literal(1),
  targetId: v.nullable(Id),
  source: SourceKind,
  selector: v.nullable(v.string()),
  serviceName: v.nullable(v.string()),
  profileType: v.string(),
  preset: v.picklist(presets),
  spanMs: v.fallback(v.nullable(v.pipe(v.number(), v.minValue(leastSpanMs), v.maxValue(longestSpanMs))), null),
  extentEndMs: v.number(),
  live: v.boolean(),
  range: Range,
  comparison: Range,
  baseline: Compared,
  scale: v.fallback(Scale, { by: 'auto' }),
  workCounter: v.fallback(v.nullable(WorkCounter), null),
  workCounted: v.fallback(v.boolean(), false),
  frameWidth: v.fallback(FrameWidth, 'mean'),
  sideBySide: v.fallback(v.boolean(), false),
  ignoreTypeArguments: v.fallback(v.boolean(), false),
  valueIndex: ValueIndex,
  tab: Tab,
  split: v.fallback(v.nullable(v.object({ other: Tab, focus: v.picklist(['left', 'right']) })), null),
  splitShare: v.fallback(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0.5),
  search: v.string(),
  searchMode: v.picklist(searchModes),
  operations: Operations,
  timeOrder: TimeOrder,
  zoomPath: Path,
  selectedPath: Path,
  sidebarOpen: v.boolean(),
  detailsOpen: v.boolean(),
  /** Which of the documents is shown; null: the selection. */
  documentId: v.nullable(Id),
  documents: v.array(
    v.object({
      kind: v.literal('profiles'),
      documentId: Id,
      origin: v.picklist(['file', 'snapshot', 'recording', 'lesson']),
      snapshotId: v.optional(Id),
      title: v.string(),
      notes: v.string(),
      profiles: v.array(
        v.object({
          profileId: Id,
          byteLength: v.number(),
          title: v.string(),
          fileKey: v.exactOptional(v.string()),
          selection: v.exactOptional(Selection),
          built: v.exactOptional(BuiltList),
        }),
      ),
    }),
  ),
  keptViews: v.record(
    v.string(),
    v.object({
      baseline: Compared,
      valueIndex: ValueIndex,
      operations: Operations,
      timeOrder: TimeOrder,
      zoomPath: Path,
      selectedPath: Path,
    }),
  ),
});

/** The limit of session.save. */
const longestSession = 262_144;
const saveDelayMs = 300;

/** The session of a state as JSON. Paths that would make it too long are left out. */
export function sessionOf(state: AppState): string {
  const session: v.InferInput<typeof Session> = {
    version: 1,
    targetId: state.targetId,
    source: state.source,
    selector: state.selector,
    serviceName: state.serviceName,
    profileType: state.profileType,
    preset: state.preset,
    spanMs: state.spanMs,
    extentEndMs: state.extentEndMs,
    live: state.live,
    range: state.range,
    comparison: state.comparison,
    baseline: state.baseline,
    scale: state.scale,
    workCounter: state.workCounter,
    workCounted: state.workCounted,
    frameWidth: state.frameWidth,
    sideBySide: state.sideBySide,
    ignoreTypeArguments: state.ignoreTypeArguments,
    valueIndex: state.valueIndex,
    tab: state.tab,
    split: state.split,
    splitShare: state.splitShare,
    search: state.search,
    searchMode: state.searchMode,
    operations: [...state.operations],
    timeOrder: state.timeOrder,
    zoomPath: state.zoomPath.slice(0, longestPath),
    selectedPath: state.selectedPath.slice(0, longestPath),
    sidebarOpen: state.sidebarOpen,
    detailsOpen: state.detailsOpen,
    documentId: state.document.kind === 'selection' ? null : state.document.documentId,
    documents: state.documents.map((document) => ({
      ...document,
      profiles: document.profiles.map(({ built, ...profile }) => ({
        ...profile,
        ...(built === undefined ? {} : { built: [...built] }),
      })),
    })),
    keptViews: Object.fromEntries(
      Object.entries(state.keptViews).map(([key, view]) => [
        key,
        {
          ...view,
          operations: [...view.operations],
          zoomPath: view.zoomPath.slice(0, longestPath),
          selectedPath: view.selectedPath.slice(0, longestPath),
        },
      ]),
    ),
  };
  const text = JSON.stringify(session);
  if (text.length <= longestSession) return text;
  return JSON.stringify({ ...session, zoomPath: [], selectedPath: [], keptViews: {} });
}

/** Reads a session; null when there is none or it is not understood: the window then begins afresh. */
export function parseSession(text: string | null): Partial<AppState> | null {
  if (text === null) return null;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const parsed = v.safeParse(Session, json);
  if (!parsed.success) return null;
  const state: Partial<AppState> & { version?: number; documentId?: string | null } = { ...parsed.output };
  delete state.version;
  delete state.documentId;
  const { documentId, documents, split, tab } = parsed.output;
  return {
    ...state,
    // A view is on the screen once.
    split: split?.other === tab ? null : split,
    document: documents.find((document) => document.documentId === documentId) ?? { kind: 'selection' },
  };
}

/** Brings back the last session, then keeps it. Returns what ends the keeping. */
export async function restoreSession(context: Context): Promise<() => void> {
  const { store, shell, clock } = context;
  const loaded = await shell.call('session.load', {});
  const session = loaded.ok ? parseSession(loaded.value) : null;
  if (session !== null) {
    store.setState({ ...session, ...(session.live === true ? { extentEndMs: clock() } : {}) });
  }
  let saved = sessionOf(store.getState());
  let timer: ReturnType<typeof setTimeout> | undefined;
  const save = (): void => {
    timer = undefined;
    const { documents } = store.getState();
    const state = sessionOf(store.getState());
    if (state === saved) return;
    saved = state;
    const profileIds = documents.flatMap(({ profiles }) => profiles.map(({ profileId }) => profileId));
    void shell.call('session.save', { state, profileIds }); // the next change saves again
  };
  const end = store.subscribe(() => {
    timer ??= setTimeout(save, saveDelayMs);
  });
  return () => {
    end();
    clearTimeout(timer);
  };
}
