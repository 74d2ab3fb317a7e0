import type { Context } from './context.js';
import { showFiles } from './documents-control.js';
import { showFailure } from './toasts.js';

/** Reads which files were opened last, and follows what all windows open. Returns what ends it. */
export function followRecent({ store, shell }: Context): () => void {
  const end = shell.on('recent.changed', ({ files }) => {
    store.setState({ recent: files });
  });
  const load = async (): Promise<void> => {
    const loaded = await shell.call('recent.list', {});
    if (loaded.ok) store.setState({ recent: loaded.value });
  };
  void load(); // without it the list is empty until a file is opened
  return end;
}

/** Opens a file of the list again. One that is gone is said, and leaves the list. */
export async function openRecent(context: Context, id: string): Promise<void> {
  const opened = await context.shell.call('recent.open', { id });
  if (opened.ok) await showFiles(context, opened.value);
  else showFailure(context.store, opened.failure);
}

/** Empties the list; the files stay. */
export function clearRecent({ shell }: Context): void {
  void shell.call('recent.clear', {}); // the list is told anew
}
