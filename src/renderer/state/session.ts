import * as v from 'valibot';
import { Id, SourceKind } from '../../contract/selection.js';
import { Normalisation } from '../../contract/decoder.js';
import type { Context } from './context.js';
import { presets } from './time-range.js';
import type { AppState } from './store.js';

const Range = v.nullable(v.object({ startMs: v.number(), endMs: v.number() }));
const Path = v.pipe(v.array(v.string()), v.maxLength(4096));

/**
 * What a window wants back after a reload or after its renderer died. Version 1.
 * Changes: none yet. A field that is added gets a fallback; a change of meaning gets a new version and an upgrader here.
 */
const Session = v.object({
  version: v.literal(1),
  targetId: v.nullable(Id),
  source: SourceKind,
  selector: v.nullable(v.string()),
  serviceName: v.nullable(v.string()),
  profileType: v.string(),
  preset: v.picklist(presets),
  extentEndMs: v.number(),
  live: v.boolean(),
  range: Range,
  comparison: Range,
  normalisation: Normalisation,
  valueIndex: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0))),
  tab: v.picklist(['flame', 'table']),
  search: v.string(),
  zoomPath: Path,
  selectedPath: Path,
  theme: v.picklist(['system', 'light', 'dark']),
  sidebarOpen: v.boolean(),
  detailsOpen: v.boolean(),
  document: v.variant('kind', [
    v.object({ kind: v.literal('selection') }),
    v.object({
      kind: v.literal('profiles'),
      origin: v.picklist(['file', 'snapshot']),
      title: v.string(),
      notes: v.string(),
      profiles: v.array(v.object({ profileId: Id, byteLength: v.number(), title: v.string() })),
    }),
  ]),
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
    extentEndMs: state.extentEndMs,
    live: state.live,
    range: state.range,
    comparison: state.comparison,
    normalisation: state.normalisation,
    valueIndex: state.valueIndex,
    tab: state.tab,
    search: state.search,
    zoomPath: [...state.zoomPath],
    selectedPath: [...state.selectedPath],
    theme: state.theme,
    sidebarOpen: state.sidebarOpen,
    detailsOpen: state.detailsOpen,
    document:
      state.document.kind === 'selection'
        ? { kind: 'selection' }
        : { ...state.document, profiles: state.document.profiles.map((profile) => ({ ...profile })) },
  };
  const text = JSON.stringify(session);
  return text.length <= longestSession ? text : JSON.stringify({ ...session, zoomPath: [], selectedPath: [] });
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
  const state: Partial<AppState> & { version?: number } = { ...parsed.output };
  delete state.version;
  return state;
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
    const state = sessionOf(store.getState());
    if (state === saved) return;
    saved = state;
    void shell.call('session.save', { state }); // the next change saves again
  };
  const end = store.subscribe(() => {
    timer ??= setTimeout(save, saveDelayMs);
  });
  return () => {
    end();
    clearTimeout(timer);
  };
}
