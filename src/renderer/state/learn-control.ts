import type { SpooledProfile } from '../../contract/links.js';
import type { Recording } from '../../contract/shell.js';
import { ok, type Result } from '../../contract/result.js';
import type { Context } from './context.js';
import { switchTo } from './document-switch.js';
import { closeDocument, releaseProfiles } from './documents-control.js';
import { lessonIds, type LessonId } from './learning.js';
import type { AppState, ProfilesDocument } from './store.js';
import { showFailure } from './toasts.js';

/** What each lesson begins with: the whole graph, nothing done to it. */
const beginning = {
  tab: 'flame',
  split: null,
  valueIndex: null,
  operations: [],
  zoomPath: [],
  selectedPath: [],
  search: '',
  searchMode: 'plain',
  sideBySide: false,
  frameWidth: 'mean',
  past: [],
  future: [],
} as const satisfies Partial<AppState>;

/** What a lesson is about: one recording, or the same shop before and after a change. */
function recordingsOf(lesson: LessonId): readonly Recording[] {
  return lesson === 'diff' ? ['shop', 'shop-slower'] : ['shop'];
}

function documentOf({ documents }: AppState, lesson: LessonId): ProfilesDocument | undefined {
  const sides = recordingsOf(lesson).length;
  return documents.find(({ origin, profiles }) => origin === 'lesson' && profiles.length === sides);
}

/** Whether the recording that the guide is about is on the screen. */
export function showsLesson(state: AppState): boolean {
  const { learning, document } = state;
  if (learning === null || document.kind !== 'profiles') return false;
  return document.documentId === documentOf(state, learning.lesson)?.documentId;
}

/** Opens the guide at the first lesson that was not done. */
export async function startLearning(context: Context): Promise<void> {
  const done = context.store.getState().learning?.done ?? [];
  await goToLesson(context, lessonIds.find((id) => !done.includes(id)) ?? lessonIds[0]);
}

/** Goes to a lesson and puts its recording on the screen, as a whole. */
export async function goToLesson(context: Context, lesson: LessonId): Promise<void> {
  const { store } = context;
  store.setState(({ learning }) => ({ learning: { lesson, done: learning?.done ?? [] }, fleetOpen: false }));
  const open = documentOf(store.getState(), lesson);
  if (open !== undefined) {
    store.setState((state) => ({ ...switchTo(state, open), ...beginning }));
    return;
  }
  const fetched = await fetchRecordings(context, recordingsOf(lesson));
  if (!fetched.ok) {
    showFailure(store, fetched.failure);
    return;
  }
  const [first] = fetched.value;
  // Closed, or another lesson was gone to meanwhile.
  if (store.getState().learning?.lesson !== lesson || first === undefined) {
    releaseProfiles(context, fetched.value);
    return;
  }
  const document: ProfilesDocument = {
    kind: 'profiles',
    documentId: first.profileId,
    origin: 'lesson',
    title: lesson === 'diff' ? 'A shop, before and after a change' : 'A shop for a minute',
    notes: '',
    profiles: fetched.value,
  };
  store.setState((state) => ({
    ...switchTo(state, document),
    ...beginning,
    documents: [...state.documents, document],
  }));
}

async function fetchRecordings(
  context: Context,
  recordings: readonly Recording[],
): Promise<Result<readonly SpooledProfile[]>> {
  const profiles: SpooledProfile[] = [];
  for (const recording of recordings) {
    const result = await context.shell.call('learn.open', { recording });
    if (!result.ok) {
      releaseProfiles(context, profiles);
      return result;
    }
    profiles.push(result.value);
  }
  return ok(profiles);
}

/** Notes that the task of the lesson was done. */
export function finishLesson({ store }: Context, lesson: LessonId): void {
  store.setState(({ learning }) =>
    learning === null || learning.done.includes(lesson)
      ? {}
      : { learning: { ...learning, done: [...learning.done, lesson] } },
  );
}

/** Closes the guide and its recordings. */
export function endLearning(context: Context): void {
  const { store } = context;
  store.setState({ learning: null });
  for (const { origin, documentId } of store.getState().documents) {
    if (origin === 'lesson') closeDocument(context, documentId);
  }
}
