import type { Context } from './context.js';
import { showsTab } from './panes.js';
import { watch } from './watch.js';

/** Fetches the table of functions of what is on the screen once the table is looked at. */
export class FunctionsControl {
  readonly #context: Context;
  readonly #ends: (() => void)[];
  #asked = '';

  constructor(context: Context) {
    this.#context = context;
    this.#ends = [
      watch(
        context.store,
        (state) => String(showsTab(state, 'table')),
        () => {
          this.#update();
        },
      ),
      context.flame.subscribe(() => {
        this.#update();
      }),
    ];
  }

  dispose(): void {
    for (const end of this.#ends) end();
  }

  #update(): void {
    const { store, flame, functions } = this.#context;
    const model = flame.get();
    if (model === null) {
      this.#asked = '';
      if (functions.get() !== null) functions.set(null);
      return;
    }
    if (!showsTab(store.getState(), 'table') || !model.complete || this.#asked === model.viewId) return;
    this.#asked = model.viewId;
    void this.#ask(model.viewId, model.names); // a view that is gone meanwhile is of no interest
  }

  async #ask(viewId: string, names: readonly string[]): Promise<void> {
    const { decoder, functions, flame } = this.#context;
    const result = await decoder.call('view.functions', { viewId });
    if (flame.get()?.viewId !== viewId) return;
    if (result.ok) functions.set({ viewId, table: result.value, names });
    else this.#asked = '';
  }
}
