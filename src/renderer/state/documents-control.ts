import type { ProfileSummary, ShareFormat } from '../../contract/decoder.js';
import type { SpooledProfile, TimesRecording } from '../../contract/links.js';
import type { Result } from '../../contract/result.js';
import type { SnapshotRow } from '../../contract/links.js';
import { longestPath, type ViewState } from '../../contract/selection.js';
import { formatBytes } from '../format/numbers.js';
import { visibleText } from '../format/visible-text.js';
import type { Context } from './context.js';
import { switchTo, withoutDocument } from './document-switch.js';
import { chooseTab } from './panes.js';
import { comparedSpans } from './sides.js';
import type { AppState, Document, ProfilesDocument } from './store.js';
import { showFailure, showInfo } from './toasts.js';
import { stepWords } from './work-words.js';
import { leftHeavy } from './view-request.js';

/** Lets go of profiles that no document holds any more. */
export function releaseProfiles(context: Context, profiles: readonly SpooledProfile[]): void {
  for (const { profileId } of profiles) {
    void context.decoder.call('profile.close', { profileId }); // a profile that is gone needs no closing
    void context.links.call('profile.release', { profileId }); // as above
  }
}

/** The open document of a file that is opened again. */
function documentOfFile({ documents }: AppState, { fileKey }: SpooledProfile): ProfilesDocument | undefined {
  if (fileKey === undefined) return undefined;
  return documents.find(({ origin, profiles }) => origin === 'file' && profiles[0]?.fileKey === fileKey);
}

/**
 * Opens each profile that can be read as a document and shows the first of them; a file that is open already is shown and not opened
 * twice. One that cannot be read is said and let go, and what is on the screen stays.
 */
export async function showFiles(
  context: Context,
  profiles: readonly SpooledProfile[],
  origin: ProfilesDocument['origin'] = 'file',
): Promise<void> {
  const { store } = context;
  let first: ProfilesDocument | undefined;
  for (const profile of profiles) {
    const { profileId, title } = profile;
    const opened = await openFile(context, profile);
    if (!opened.ok) {
      releaseProfiles(context, [profile]);
      // Who gave it up knows.
      if (opened.failure.code === 'cancelled') continue;
      showFailure(store, { ...opened.failure, message: `${title}: ${opened.failure.message}` });
      continue;
    }
    const known = documentOfFile(store.getState(), profile);
    if (known !== undefined) {
      releaseProfiles(context, [profile]);
      if (first === undefined) showDocument(context, known);
      first ??= known;
      continue;
    }
    const document: ProfilesDocument = {
      kind: 'profiles',
      documentId: profileId,
      origin,
      title,
      notes: '',
      profiles: [profile],
    };
    store.setState((state) => ({
      documents: [...state.documents, document],
      ...(first === undefined ? switchTo(state, document) : {}),
    }));
    first ??= document;
  }
}

/** Opens a recording with times and shows when its samples were taken. */
export async function showRecording(context: Context, { profile, notes }: TimesRecording): Promise<void> {
  const { store } = context;
  await showFiles(context, [profile], 'recording');
  const { document } = store.getState();
  if (document.kind === 'profiles' && document.documentId === profile.profileId) {
    store.setState((state) => chooseTab(state, 'heat'));
  }
  if (notes.length > 0) showInfo(store, notes.join(' '));
}

/** By the id of its profile, what ends the opening of a file. */
const openings = new Map<string, AbortController>();

/** Decodes a file; the state tells how far that is. */
async function openFile(
  { store, decoder }: Context,
  { profileId, title }: SpooledProfile,
): Promise<Result<ProfileSummary>> {
  const controller = new AbortController();
  openings.set(profileId, controller);
  const tell = (step: string, share: number | null): void => {
    store.setState(({ opening }) => ({
      opening: opening.map((each) => (each.profileId === profileId ? { ...each, step, share } : each)),
    }));
  };
  store.setState(({ opening }) => ({ opening: [...opening, { profileId, title, step: '', share: null }] }));
  const end = decoder.on('work.progress', ({ of, step, share }) => {
    if (of === profileId) tell(stepWords(step), share);
  });
  try {
    // A file that kills the decoder is asked for again like any other.
    return await decoder.query('profile.open', { profileId }, controller.signal);
  } finally {
    end();
    openings.delete(profileId);
    store.setState(({ opening }) => ({ opening: opening.filter((each) => each.profileId !== profileId) }));
  }
}

/** Gives up the opening of a file. */
export function cancelOpening(profileId: string): void {
  openings.get(profileId)?.abort();
}

/** Puts a document on the screen. */
export function showDocument(context: Context, document: Document): void {
  context.store.setState((state) => switchTo(state, document));
}

/** Closes a document and lets go of its profiles. */
export function closeDocument(context: Context, documentId: string): void {
  const { store } = context;
  const document = store.getState().documents.find((each) => each.documentId === documentId);
  if (document === undefined) return;
  store.setState((state) => withoutDocument(state, documentId));
  releaseProfiles(context, document.profiles);
}

/** Shows the dialog and opens what was chosen. */
export async function openFiles(context: Context): Promise<void> {
  const result = await context.shell.call('files.open', {});
  if (result.ok) await showFiles(context, result.value);
  else showFailure(context.store, result.failure);
}

/** Writes what is on the screen to a file of the user's choice and says where it is. */
export async function share(context: Context, format: ShareFormat): Promise<void> {
  const { store, shell } = context;
  const { viewSource, viewTitle } = store.getState();
  if (viewSource === null) return;
  const result = await shell.call('share.save', {
    format,
    title: viewTitle.slice(0, 1024),
    suggestedName: suggestedName(viewTitle),
    source: leftHeavy(viewSource),
  });
  if (!result.ok) showFailure(store, result.failure);
  else if (result.value !== null) {
    const { path, byteLength } = result.value;
    showInfo(store, `Saved ${formatBytes(byteLength)} to ${visibleText(path)}`, path);
  }
}

/** A file name made of a title: letters, digits, dashes and dots only, without an extension. */
export function suggestedName(title: string): string {
  const name = title
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9._]+/g, '-')
    .replaceAll(/^[-.]+|[-.]+$/g, '')
    .slice(0, 120);
  return name === '' ? 'profile' : name;
}

/** The view as it is kept with a snapshot. */
export function viewStateOf(state: AppState): ViewState {
  return {
    // A region against the rest is kept as the recording with its region.
    kind: comparedSpans(state) === null ? (state.viewSource?.kind ?? 'flame') : 'flame',
    tab: state.tab,
    valueIndex: state.viewSource?.valueIndex ?? 0,
    zoomPath: state.zoomPath.slice(0, longestPath),
    search: state.search,
    ...(state.operations.length === 0 ? {} : { operations: [...state.operations] }),
    ...(state.selectedPath.length === 0 ? {} : { selectedPath: state.selectedPath.slice(0, longestPath) }),
    ...(state.timeOrder === null ? {} : { timeOrder: state.timeOrder }),
  };
}

/** Asks for the library anew. */
export async function loadSnapshots(context: Context): Promise<void> {
  const result = await context.links.query('snapshots.list', {});
  if (result.ok) context.store.setState({ snapshots: result.value });
  else showFailure(context.store, result.failure);
}

/** Keeps what is on the screen in the library. */
export async function saveSnapshot(context: Context, title: string, notes: string): Promise<Result<SnapshotRow>> {
  const { store, links } = context;
  const state = store.getState();
  const sides = comparedSpans(state) === null ? 2 : 1;
  const profiles = state.viewProfiles.slice(0, sides).map((profile, index) => {
    const { profileId, title: profileTitle, built } = profile;
    const base = { profileId, title: profileTitle, ...(built === undefined ? {} : { built: [...built] }) };
    // Of what is shown, also while another range is being loaded. A snapshot of a snapshot is of the same selection.
    const selection = state.viewSides[index] ?? profile.selection;
    return selection === undefined ? base : { ...base, selection };
  });
  const result = await links.call('snapshots.save', { title, notes, view: viewStateOf(state), profiles });
  if (result.ok) await loadSnapshots(context);
  return result;
}

/** Opens a snapshot beside what is shown, to compare with; answers the id of what is open, also of an open document itself. */
export async function holdSnapshot(context: Context, id: string): Promise<string | undefined> {
  const { store, links } = context;
  const open = store.getState().documents.find((each) => each.documentId === id || each.snapshotId === id);
  if (open !== undefined) return open.documentId;
  const result = await links.call('snapshots.open', { snapshotId: id });
  if (!result.ok) {
    showFailure(store, result.failure);
    return undefined;
  }
  const document = snapshotDocument(result.value);
  store.setState((state) => ({ documents: [...state.documents, document] }));
  return document.documentId;
}

/** Opens a snapshot with the view it was saved with; one that is open already is shown. */
export async function openSnapshot(context: Context, snapshotId: string): Promise<void> {
  const { store, links } = context;
  const open = store.getState().documents.find((each) => each.snapshotId === snapshotId);
  if (open !== undefined) {
    showDocument(context, open);
    return;
  }
  const result = await links.call('snapshots.open', { snapshotId });
  if (!result.ok) {
    showFailure(store, result.failure);
    return;
  }
  const document = snapshotDocument(result.value);
  const { view } = result.value.row;
  store.setState((state) => ({
    ...switchTo(state, document),
    ...chooseTab(state, view.tab),
    documents: [...state.documents, document],
    valueIndex: view.valueIndex,
    zoomPath: view.zoomPath,
    search: view.search,
    searchMode: 'plain',
    operations: view.operations ?? [],
    selectedPath: view.selectedPath ?? [],
    timeOrder: view.timeOrder ?? null,
  }));
}

function snapshotDocument({
  row: { snapshotId, title, notes },
  profiles,
}: {
  readonly row: SnapshotRow;
  readonly profiles: readonly SpooledProfile[];
}): ProfilesDocument {
  const documentId = profiles[0]?.profileId ?? snapshotId;
  return { kind: 'profiles', documentId, origin: 'snapshot', snapshotId, title, notes, profiles };
}

/** Removes a snapshot from the library. */
export async function removeSnapshot(context: Context, snapshotId: string): Promise<void> {
  const result = await context.links.call('snapshots.remove', { snapshotId });
  if (!result.ok) showFailure(context.store, result.failure);
  await loadSnapshots(context);
}
