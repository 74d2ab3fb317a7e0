import type { FlameHeader, ProfileSummary, ViewSource } from '../../contract/decoder.js';
import type { SpooledProfile } from '../../contract/links.js';
import { fail, ok, type Result } from '../../contract/result.js';
import type { Selection } from '../../contract/selection.js';
import { FlameModel } from '../flame/model.js';
import type { Context } from './context.js';
import type { AppState } from './store.js';
import type { Side } from './sides.js';
import { requestKey, viewRequestOf, type ViewRequest } from './view-request.js';
import { watch } from './watch.js';

type Failed = Extract<Result<never>, { readonly ok: false }>;

/** A view that was opened, with what it holds in the other processes. */
interface OpenView {
  readonly model: FlameModel;
  readonly header: FlameHeader;
  readonly source: ViewSource;
  readonly profiles: readonly SpooledProfile[];
  readonly summaries: readonly ProfileSummary[];
  readonly sides: readonly (Selection | null)[];
  /** Profiles that were fetched for this view alone and go with it. */
  readonly fetched: readonly string[];
}

function targetOf(state: AppState): string {
  return state.document.kind === 'selection' ? `${state.targetId ?? ''} ${state.source}` : 'profiles';
}

/** Fetches, opens and shows what the state asks for; what is on the screen stays until the new is ready. */
export class ViewControl {
  readonly #context: Context;
  readonly #models = new Map<string, FlameModel>();
  readonly #ends: (() => void)[];
  #running: { readonly subject: string; readonly controller: AbortController } | undefined;
  /** Live went on while a request was running; it is made when that ends, so that slow sources are not starved. */
  #again = false;
  #shown: OpenView | undefined;
  #shownOf = '';

  constructor(context: Context) {
    this.#context = context;
    const { store, decoder, links } = context;
    this.#ends = [
      decoder.on('view.names', (piece) => {
        this.#models.get(piece.viewId)?.appendNames(piece);
      }),
      decoder.on('view.piece', (piece) => {
        const model = this.#models.get(piece.viewId);
        if (model === undefined) return;
        model.appendPiece(piece);
        if (context.flame.get() === model) context.flame.touch();
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
        const { viewPhase } = store.getState();
        if (restarted && (viewPhase === 'loading' || viewPhase === 'failed')) this.#restart();
      }),
    ];
  }

  /** Tries again what failed. */
  retry(): void {
    this.#restart();
  }

  dispose(): void {
    for (const end of this.#ends) end();
    this.#running?.controller.abort();
  }

  #update(): void {
    const { store } = this.#context;
    const state = store.getState();
    const request = viewRequestOf(state);
    if (this.#shownOf !== targetOf(state)) this.#clear(targetOf(state));
    if (request === null) {
      this.#running?.controller.abort();
      this.#running = undefined;
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
    this.#running?.controller.abort();
    this.#again = false;
    const controller = new AbortController();
    this.#running = { subject: request.subject, controller };
    void this.#run(request, controller); // keeps its failure in the state
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
    });
  }

  async #run(request: ViewRequest, controller: AbortController): Promise<void> {
    const { store, flame } = this.#context;
    const { signal } = controller;
    store.setState({ viewPhase: 'loading', viewFailure: null, viewStep: 'Fetching' });
    const result = await this.#open(request, signal);
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
        viewSource: view.source,
        viewHeader: view.header,
        viewProfiles: view.profiles,
        viewSummaries: view.summaries,
        viewSides: view.sides,
        viewTitle: view.profiles.map((profile) => profile.title).join(' → '),
      });
      flame.set(view.model);
      this.#release(before);
    } else if (result.failure.code !== 'process-restarted') {
      // After a restart the new process asks for all of it again.
      store.setState({ viewPhase: 'failed', viewFailure: result.failure, viewStep: '' });
    }
    if (this.#again) this.#restart();
  }

  async #open(request: ViewRequest, signal: AbortSignal): Promise<Result<OpenView>> {
    const { store, decoder, newId } = this.#context;
    const fetched: string[] = [];
    const giveUp = (failed: Failed): Failed => {
      this.#releaseProfiles(fetched);
      return failed;
    };
    const spooled = await Promise.all(request.sides.map((side) => this.#spool(side, signal)));
    for (const [index, side] of spooled.entries()) {
      if (side.ok && request.sides[index]?.kind === 'fetch') fetched.push(side.value.profileId);
    }
    const profiles: SpooledProfile[] = [];
    for (const side of spooled) {
      if (!side.ok) return giveUp(side);
      profiles.push(side.value);
    }
    store.setState({ viewStep: 'Decoding' });
    const opened = await Promise.all(
      profiles.map(({ profileId }) => decoder.call('profile.open', { profileId }, signal)),
    );
    const summaries: ProfileSummary[] = [];
    for (const side of opened) {
      if (!side.ok) return giveUp(side);
      summaries.push(side.value);
    }
    const [first, second] = profiles;
    const summary = summaries[0];
    if (first === undefined || summary === undefined) return giveUp(fail('not-found', 'There is nothing to show.'));
    const asked = request.valueIndex ?? summary.defaultValueIndex;
    const valueIndex = asked < summary.sampleTypes.length ? asked : summary.defaultValueIndex;
    const operations = request.operations.length === 0 ? {} : { operations: [...request.operations] };
    const source: ViewSource =
      second === undefined
        ? { kind: 'flame', profileId: first.profileId, valueIndex, ...operations }
        : {
            kind: 'diff',
            baselineId: first.profileId,
            comparisonId: second.profileId,
            valueIndex,
            scale: request.scale,
            width: request.frameWidth,
            ...operations,
          };
    store.setState({ viewStep: 'Drawing' });
    const viewId = newId('view');
    const model = new FlameModel(viewId);
    this.#models.set(viewId, model);
    const header = await decoder.call('view.open', { viewId, source }, signal);
    if (!header.ok) {
      this.#models.delete(viewId);
      return giveUp(header);
    }
    model.begin(header.value);
    const sides = request.sides.map((side) => (side.kind === 'fetch' ? side.selection : null));
    return ok({ model, header: header.value, source, profiles, summaries, sides, fetched });
  }

  async #spool(side: Side, signal: AbortSignal): Promise<Result<SpooledProfile>> {
    if (side.kind === 'spooled') return ok(side.profile);
    const { selection } = side;
    return this.#context.links.query('source.fetch', { selection }, signal);
  }

  #release(view: OpenView | undefined): void {
    if (view === undefined) return;
    const { viewId } = view.model;
    this.#models.delete(viewId);
    void this.#context.decoder.call('view.close', { viewId }); // a view that is gone needs no closing
    this.#releaseProfiles(view.fetched);
  }

  #releaseProfiles(profileIds: readonly string[]): void {
    const { decoder, links } = this.#context;
    for (const profileId of profileIds) {
      void decoder.call('profile.close', { profileId }); // as above
      void links.call('profile.release', { profileId }); // as above
    }
  }
}
