import type { FlameHeader, ProfileSummary, Screen, ViewSource } from '../../contract/decoder.js';
import type { SpooledProfile } from '../../contract/links.js';
import { unpackNames } from '../../contract/packed-names.js';
import { fail, ok, type Result } from '../../contract/result.js';
import type { Selection } from '../../contract/selection.js';
import { FlameModel } from '../flame/model.js';
import type { Context } from './context.js';
import { closeDocument } from './documents-control.js';
import { goBack, withoutStep } from './history-control.js';
import { KeptProfiles } from './kept-profiles.js';
import type { AppState } from './store.js';
import { selectionsOf, type Side } from './sides.js';
import { operationsOf, requestKey, shownOf, viewRequestOf, type ViewRequest } from './view-request.js';
import { watch } from './watch.js';
import { stepWords } from './work-words.js';

type Failed = Extract<Result<never>, { readonly ok: false }>;

/** A view that was opened, with what it holds in the other processes. */
interface OpenView {
  readonly request: ViewRequest;
  readonly model: FlameModel;
  readonly header: FlameHeader;
  readonly source: ViewSource;
  readonly profiles: readonly SpooledProfile[];
  readonly summaries: readonly ProfileSummary[];
  readonly sides: readonly (Selection | null)[];
  /** Profiles that were fetched for this view, or kept from one before; it lets go of them. */
  readonly fetched: readonly string[];
}

function sameSides(one: ViewRequest, other: ViewRequest): boolean {
  return JSON.stringify(one.sides) === JSON.stringify(other.sides);
}

function targetOf(state: AppState): string {
  return state.document.kind === 'selection' ? `${state.targetId ?? ''} ${state.source}` : 'profiles';
}

/** A request that is being made. */
interface Run {
  readonly subject: string;
  readonly controller: AbortController;
  /** Ids of what the decoder does for it just now. */
  waitsFor: readonly string[];
}

/**
 * Fetches, opens and shows what the state asks for; what is on the screen stays until the new is ready. A newer request ends an older
 * one that is still running.
 */
export class ViewControl {
  readonly #context: Context;
  readonly #models = new Map<string, FlameModel>();
  /** What was said of profiles that documents hold. */
  readonly #summaries = new WeakMap<SpooledProfile, ProfileSummary>();
  readonly #kept: KeptProfiles;
  readonly #ends: (() => void)[];
  #running: Run | undefined;
  /** Live went on while a request was running; it is made when that ends, so that slow sources are not starved. */
  #again = false;
  #shown: OpenView | undefined;
  #shownOf = '';

  constructor(context: Context) {
    this.#context = context;
    this.#kept = new KeptProfiles(context);
    const { store, decoder, links } = context;
    this.#ends = [
      decoder.on('view.names', (piece) => {
        this.#models.get(piece.viewId)?.appendNames(unpackNames(piece));
      }),
      decoder.on('view.piece', (piece) => {
        const model = this.#models.get(piece.viewId);
        if (model === undefined) return;
        model.appendPiece(piece);
        // Behind what was sent ahead all of it is drawn at once: until then nothing of it can be seen.
        if (context.flame.get() === model && model.stage === 'whole') context.flame.touch();
      }),
      decoder.on('view.preview', (piece) => {
        this.#models.get(piece.viewId)?.appendPreview(piece);
      }),
      decoder.on('work.progress', ({ of, step, share }) => {
        if (this.#running?.waitsFor.includes(of) !== true) return;
        store.setState({ viewStep: stepWords(step), viewShare: share });
      }),
      watch(
        store,
        (state) => `${targetOf(state)} ${requestKey(viewRequestOf(state))}`,
        () => {
          this.#update();
        },
      ),
      decoder.onReady((restarted) => {
        if (restarted) this.#restart();
      }),
      links.onReady((restarted) => {
        if (restarted) this.#kept.forget();
        const { viewPhase } = store.getState();
        if (restarted && (viewPhase === 'loading' || viewPhase === 'failed')) this.#restart();
      }),
    ];
  }

  /** Tries again what failed. */
  retry(): void {
    this.#kept.forget();
    this.#restart();
  }

  /** Gives up what is being loaded. The state asks for what is on the screen again, as far as that can be told. */
  cancel(): void {
    const { store } = this.#context;
    if (this.#running === undefined) return;
    this.#stop();
    const { document, operations, past } = store.getState();
    const shown = this.#shown?.request;
    const request = viewRequestOf(store.getState());
    if (shown === undefined && document.kind === 'profiles') {
      closeDocument(this.#context, document.documentId);
    } else if (shown !== undefined && request !== null && sameSides(shown, request)) {
      if (operations !== shown.steps && past.at(-1)?.operations === shown.steps) goBack(this.#context);
      const { valueIndex, scale, frameWidth, timeOrder } = shown;
      const before = { valueIndex, scale, frameWidth, timeOrder, operations: shown.steps };
      store.setState((state) => withoutStep(state, before));
    } else {
      const failure = { code: 'cancelled', message: 'Loading was cancelled.' } as const;
      store.setState({ viewPhase: 'failed', viewFailure: failure, viewStep: '', viewShare: null });
    }
  }

  dispose(): void {
    for (const end of this.#ends) end();
    this.#stop();
  }

  #stop(): void {
    this.#running?.controller.abort();
    this.#running = undefined;
    this.#again = false;
  }

  #update(): void {
    const { store, flame } = this.#context;
    const state = store.getState();
    const request = viewRequestOf(state);
    if (this.#shownOf !== targetOf(state)) this.#clear(targetOf(state));
    if (request === null) {
      this.#stop();
      return;
    }
    if (this.#shown !== undefined && requestKey(this.#shown.request) === requestKey(request)) {
      // Undone before it was done: what was shown is what is asked for. The last step of a drag may be on the screen in its place.
      const { model, header } = this.#shown;
      this.#stop();
      store.setState({ viewPhase: 'ready', viewFailure: null, viewStep: '', viewShare: null, viewHeader: header });
      if (flame.get() !== model) flame.set(model);
      return;
    }
    if (this.#running?.subject === request.subject) {
      this.#again = true;
      return;
    }
    this.#start(request);
  }

  #restart(): void {
    const request = viewRequestOf(this.#context.store.getState());
    if (request !== null) this.#start(request);
  }

  #start(request: ViewRequest): void {
    this.#stop();
    const run: Run = { subject: request.subject, controller: new AbortController(), waitsFor: [] };
    this.#running = run;
    void this.#run(request, run); // keeps its failure in the state
  }

  /** Nothing of another target stays on the screen. */
  #clear(of: string): void {
    this.#shownOf = of;
    const { store, flame } = this.#context;
    this.#release(this.#shown);
    this.#shown = undefined;
    flame.set(null);
    store.setState({
      viewPhase: 'idle',
      viewFailure: null,
      viewSource: null,
      viewHeader: null,
      viewTitle: '',
      viewProfiles: [],
      viewSummaries: [],
      viewSides: [],
      viewWindows: [],
    });
  }

  async #run(request: ViewRequest, run: Run): Promise<void> {
    const { store, flame } = this.#context;
    const { signal } = run.controller;
    store.setState({ viewPhase: 'loading', viewFailure: null, viewStep: 'Fetching', viewShare: null });
    const result = await this.#open(request, run);
    if (signal.aborted) {
      if (result.ok) this.#release(result.value);
      return;
    }
    this.#running = undefined;
    if (result.ok) {
      const before = this.#shown;
      const view = result.value;
      this.#shown = view;
      store.setState({
        viewPhase: 'ready',
        viewStep: '',
        viewShare: null,
        viewSource: view.source,
        viewHeader: view.header,
        viewProfiles: view.profiles,
        viewSummaries: view.summaries,
        viewSides: view.sides,
        viewWindows: selectionsOf(view.request.sides),
        viewTitle: titleOf(view),
      });
      flame.set(view.model);
      this.#release(before);
    } else if (result.failure.code !== 'process-restarted') {
      // After a restart the new process asks for all of it again.
      store.setState({ viewPhase: 'failed', viewFailure: result.failure, viewStep: '', viewShare: null });
    }
    if (this.#again) this.#restart();
  }

  async #open(request: ViewRequest, run: Run): Promise<Result<OpenView>> {
    const { store, decoder, newId } = this.#context;
    const { signal } = run.controller;
    const fetched: string[] = [];
    const giveUp = (failed: Failed): Failed => {
      this.#releaseProfiles(fetched);
      return failed;
    };
    // What nobody has to be waited for is asked for before React draws that it is.
    const there = request.sides.flatMap((side) => (side.kind === 'spooled' ? [ok(side.profile)] : []));
    const spooled =
      there.length === request.sides.length
        ? there
        : await Promise.all(request.sides.map((side) => this.#spool(side, signal)));
    for (const [index, side] of spooled.entries()) {
      if (side.ok && request.sides[index]?.kind === 'fetch') fetched.push(side.value.profileId);
    }
    const profiles: SpooledProfile[] = [];
    for (const side of spooled) {
      if (!side.ok) return giveUp(side);
      profiles.push(side.value);
    }
    const opening = this.#openProfiles(profiles, run);
    // What was opened before is told of already: the view is asked for in the same breath.
    const known = profiles.map((profile) => this.#summaries.get(profile)).filter((summary) => summary !== undefined);
    const opened = known.length === profiles.length ? ok(known) : await opening;
    if (!opened.ok) return giveUp(opened);
    const summaries = opened.value;
    const [first, second] = profiles;
    const summary = summaries[0];
    if (first === undefined || summary === undefined) return giveUp(fail('not-found', 'There is nothing to show.'));
    const asked = request.valueIndex ?? summary.defaultValueIndex;
    const valueIndex = asked < summary.sampleTypes.length ? asked : summary.defaultValueIndex;
    const source: ViewSource =
      second === undefined
        ? { kind: 'flame', profileId: first.profileId, valueIndex, ...shownOf(request) }
        : {
            kind: 'diff',
            baselineId: first.profileId,
            comparisonId: second.profileId,
            valueIndex,
            scale: request.scale,
            width: request.frameWidth,
            matching: request.matching,
            ...(request.spans === null ? {} : { spans: [...request.spans] }),
            ...operationsOf(request.operations),
          };
    const viewId = newId('view');
    run.waitsFor = [viewId];
    if (!signal.aborted) store.setState({ viewStep: 'Drawing', viewShare: null });
    const model = new FlameModel(viewId);
    this.#models.set(viewId, model);
    const header = await decoder.call('view.open', { viewId, source, screen: this.#screen() }, signal);
    if (!header.ok) {
      this.#models.delete(viewId);
      return giveUp(header);
    }
    model.begin(header.value);
    await model.whenShown(signal);
    const sides = request.sides.map((side) => (side.kind === 'fetch' ? side.selection : null));
    return ok({ request, model, header: header.value, source, profiles, summaries, sides, fetched });
  }

  async #openProfiles(profiles: readonly SpooledProfile[], run: Run): Promise<Result<readonly ProfileSummary[]>> {
    const { store, decoder } = this.#context;
    const { signal } = run.controller;
    run.waitsFor = profiles.map(({ profileId }) => profileId);
    const opening = profiles.map(({ profileId }) => decoder.call('profile.open', { profileId }, signal));
    if (!signal.aborted) store.setState({ viewStep: 'Decoding', viewShare: null });
    const summaries: ProfileSummary[] = [];
    for (const [index, opened] of (await Promise.all(opening)).entries()) {
      if (!opened.ok) return opened;
      summaries.push(opened.value);
      const profile = profiles[index];
      if (profile !== undefined) this.#summaries.set(profile, opened.value);
    }
    return ok(summaries);
  }

  /** What of the next view can be seen at once. */
  #screen(): Screen {
    const { store, shownPart } = this.#context;
    const { widthPx, from, to } = shownPart.get();
    return { widthPx, from, to, zoomPath: [...store.getState().zoomPath] };
  }

  async #spool(side: Side, signal: AbortSignal): Promise<Result<SpooledProfile>> {
    if (side.kind === 'spooled') return ok(side.profile);
    const { selection } = side;
    const kept = this.#kept.take(selection);
    if (kept !== undefined) return ok(kept);
    const fetched = await this.#context.links.query('source.fetch', { selection }, signal);
    if (fetched.ok) this.#kept.add(selection, fetched.value);
    return fetched;
  }

  #release(view: OpenView | undefined): void {
    if (view === undefined) return;
    const { viewId } = view.model;
    this.#models.delete(viewId);
    void this.#context.decoder.call('view.close', { viewId }); // a view that is gone needs no closing
    this.#releaseProfiles(view.fetched);
  }

  #releaseProfiles(profileIds: readonly string[]): void {
    for (const profileId of profileIds) this.#kept.release(profileId);
  }
}

/** Of a region against the rest both sides are one profile. */
function titleOf({ profiles, request }: OpenView): string {
  const titles = profiles.map(({ title }) => title);
  return request.spans === null ? titles.join(' → ') : `${titles[0] ?? ''}: the rest → what is brushed`;
}
