import type { CodeFolder } from '../../contract/code.js';
import type { Result } from '../../contract/result.js';
import type { Context } from './context.js';
import { showFailure } from './toasts.js';

/** Reads in which folders code may be looked for, and follows what other windows choose. Returns what ends it. */
export function followCodeFolders({ store, links }: Context): () => void {
  const load = async (): Promise<void> => {
    const listed = await links.query('code.folders', {});
    if (listed.ok) store.setState({ codeFolders: listed.value });
    else showFailure(store, listed.failure);
  };
  const ends = [
    links.on('code.foldersChanged', ({ folders }) => {
      store.setState({ codeFolders: folders });
    }),
    links.onReady(() => {
      void load(); // shows its own failure
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}

/** Asks for a folder in which paths that begin with a prefix lie here; without a prefix for a clone. */
export async function chooseCodeFolder({ store, shell }: Context, prefix: string): Promise<void> {
  const chosen = await shell.call('code.chooseFolder', { prefix });
  if (!chosen.ok) showFailure(store, chosen.failure);
  else if (chosen.value !== null) store.setState({ codeFolders: chosen.value });
}

/** Lets a folder stand for other paths. */
export async function setCodePrefix(context: Context, folderId: string, prefix: string): Promise<void> {
  take(context, await context.links.call('code.setPrefix', { folderId, prefix }));
}

/** Looks in a folder no longer. */
export async function forgetCodeFolder(context: Context, folderId: string): Promise<void> {
  take(context, await context.links.call('code.forgetFolder', { folderId }));
}

function take({ store }: Context, changed: Result<readonly CodeFolder[]>): void {
  if (changed.ok) store.setState({ codeFolders: changed.value });
  else showFailure(store, changed.failure);
}
