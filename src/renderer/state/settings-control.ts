import type { Settings } from '../../contract/settings.js';
import { setTimeZone } from '../format/times.js';
import type { Context } from './context.js';
import { watch } from './watch.js';

/** Reads what was chosen, and follows what other windows choose. Returns what ends it. */
export async function followSettings({ store, shell }: Context): Promise<() => void> {
  const endZone = watch(
    store,
    ({ settings: { timeZone } }) => timeZone,
    ({ settings: { timeZone } }) => {
      setTimeZone(timeZone);
    },
  );
  const end = shell.on('settings.changed', ({ settings }) => {
    store.setState({ settings });
  });
  const loaded = await shell.call('settings.load', {});
  if (loaded.ok) store.setState({ settings: loaded.value });
  return () => {
    endZone();
    end();
  };
}

/** Chooses something for all windows and starts. */
export function changeSettings({ store, shell }: Context, change: Partial<Omit<Settings, 'version'>>): void {
  const settings = { ...store.getState().settings, ...change };
  store.setState({ settings });
  void shell.call('settings.save', { settings: { ...settings, hintsSeen: [...settings.hintsSeen] } }); // it holds in this window
}

/** Says times by the other clock. */
export function toggleTimeZone(context: Context): void {
  const { timeZone } = context.store.getState().settings;
  changeSettings(context, { timeZone: timeZone === 'local' ? 'utc' : 'local' });
}
