import type { Settings } from '../../contract/settings.js';
import type { Context } from './context.js';

/** Reads what was chosen, and follows what other windows choose. Returns what ends it. */
export async function followSettings({ store, shell }: Context): Promise<() => void> {
  const end = shell.on('settings.changed', ({ settings }) => {
    store.setState({ settings });
  });
  const loaded = await shell.call('settings.load', {});
  if (loaded.ok) store.setState({ settings: loaded.value });
  return end;
}

/** Chooses something for all windows and starts. */
export function changeSettings({ store, shell }: Context, change: Partial<Omit<Settings, 'version'>>): void {
  const settings = { ...store.getState().settings, ...change };
  store.setState({ settings });
  void shell.call('settings.save', { settings: { ...settings, hintsSeen: [...settings.hintsSeen] } }); // it holds in this window
}
