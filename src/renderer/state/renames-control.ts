import type { Rename } from '../../contract/matching.js';
import type { Context } from './context.js';
import { showFailure } from './toasts.js';

/** Reads what was told, and follows what other windows tell. Returns what ends it. */
export function followRenames({ store, links }: Context): () => void {
  const load = async (): Promise<void> => {
    const listed = await links.query('renames.list', {});
    if (listed.ok) store.setState({ renames: listed.value });
    else showFailure(store, listed.failure);
  };
  const ends = [
    links.on('renames.changed', ({ renames }) => {
      store.setState({ renames });
    }),
    links.onReady(() => {
      void load(); // shows its own failure
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}

/** Takes two functions for one in every comparison from now on. */
export function tellRename(context: Context, rename: Rename): Promise<void> {
  return change(context, 'renames.tell', rename);
}

/** Takes them for two again. */
export function forgetRename(context: Context, rename: Rename): Promise<void> {
  return change(context, 'renames.forget', rename);
}

async function change(
  { store, links }: Context,
  call: 'renames.tell' | 'renames.forget',
  rename: Rename,
): Promise<void> {
  const changed = await links.call(call, { rename });
  if (changed.ok) store.setState({ renames: changed.value });
  else showFailure(store, changed.failure);
}
