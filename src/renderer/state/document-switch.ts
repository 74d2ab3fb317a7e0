import type { AppState, Document, History, KeptView } from './store.js';

const selection: Document = { kind: 'selection' };
const untouched: KeptView = {
  baseline: null,
  valueIndex: null,
  operations: [],
  timeOrder: null,
  zoomPath: [],
  selectedPath: [],
};

const noWay: History = { past: [], future: [] };

/** What a document's view is kept under; the selection's is "". */
export function keyOfDocument(document: Document): string {
  return document.kind === 'selection' ? '' : document.documentId;
}

/** The change that puts a document on the screen: what is shown keeps its view, and the document's own comes back. */
export function switchTo(state: AppState, document: Document): Partial<AppState> {
  const { baseline, valueIndex, operations, timeOrder, zoomPath, selectedPath, keptViews } = state;
  const { past, future, keptHistories } = state;
  const from = keyOfDocument(state.document);
  const to = keyOfDocument(document);
  if (from === to) return { document, fleetOpen: false };
  const views = { ...keptViews, [from]: { baseline, valueIndex, operations, timeOrder, zoomPath, selectedPath } };
  const kept = keptViews[to] ?? untouched;
  return {
    ...{ document, fleetOpen: false, keptViews: withoutKey(views, to), ...kept },
    keptHistories: withoutKey({ ...keptHistories, [from]: { past, future } }, to),
    ...(keptHistories[to] ?? noWay),
  };
}

/** The change that leads back from a document or the overview to the selection. */
export function switchToSelection(state: AppState): Partial<AppState> {
  return state.document.kind === 'selection' ? { fleetOpen: false } : switchTo(state, selection);
}

/** The change that takes a document away. If it is on the screen the next one follows, then the one before, then the selection. */
export function withoutDocument(state: AppState, documentId: string): Partial<AppState> {
  const index = state.documents.findIndex((each) => each.documentId === documentId);
  if (index === -1) return {};
  const documents = state.documents.toSpliced(index, 1);
  const shown = keyOfDocument(state.document) === documentId;
  const change = shown ? switchTo(state, documents[index] ?? documents[index - 1] ?? selection) : {};
  return {
    ...change,
    documents,
    keptViews: withoutKey(change.keptViews ?? state.keptViews, documentId),
    keptHistories: withoutKey(change.keptHistories ?? state.keptHistories, documentId),
  };
}

/** The document `step` further in the order of opening; the selection stands before the first. */
export function neighbour(state: AppState, step: 1 | -1): Document {
  const all: readonly Document[] = [selection, ...state.documents];
  const at = all.findIndex((each) => keyOfDocument(each) === keyOfDocument(state.document));
  return all[(at + step + all.length) % all.length] ?? selection;
}

function withoutKey<T>(kept: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(kept).filter(([each]) => each !== key));
}
