import type { Context } from './context.js';
import { changeSettings } from './settings-control.js';
import { watch } from './watch.js';

/** Shows the chosen theme and palette, or the machine's theme while "system" is chosen. Returns what ends it. */
export function followTheme(context: Context, target: Window): () => void {
  const { store } = context;
  const darkSystem = target.matchMedia('(prefers-color-scheme: dark)');
  const show = (): void => {
    const { theme, diffPalette } = store.getState().settings;
    const shownTheme = theme === 'system' ? (darkSystem.matches ? 'dark' : 'light') : theme;
    const { dataset } = target.document.documentElement;
    dataset['theme'] = shownTheme;
    dataset['diffPalette'] = diffPalette;
    store.setState({ shownTheme });
  };
  darkSystem.addEventListener('change', show);
  const end = watch(store, ({ settings: { theme, diffPalette } }) => `${theme} ${diffPalette}`, show);
  return () => {
    darkSystem.removeEventListener('change', show);
    end();
  };
}

/** From light to dark and back, by what is shown. */
export function toggleTheme(context: Context): void {
  changeSettings(context, { theme: context.store.getState().shownTheme === 'dark' ? 'light' : 'dark' });
}
