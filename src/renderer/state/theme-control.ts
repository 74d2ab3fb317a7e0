import type { Theme } from '../../core/flame/colours.js';
import type { Settings } from '../../contract/settings.js';
import type { Context } from './context.js';
import { changeSettings } from './settings-control.js';
import type { ShownTheme } from './store.js';
import { watch } from './watch.js';

/** What can be chosen, as it is called in the window. */
export const themes: readonly { readonly theme: Settings['theme']; readonly title: string }[] = [
  { theme: 'system', title: 'As the system' },
  { theme: 'light', title: 'Light' },
  { theme: 'dark', title: 'Dark' },
  { theme: 'contrast', title: 'High contrast' },
];

/** What colours are made for: where the system forces its own, ours are for those few that it leaves alone. */
export function themeOf(shown: ShownTheme): Theme {
  return shown === 'forced' ? 'contrast' : shown;
}

/** Shows the chosen theme and palette, or what the machine asks for while "system" is chosen. Returns what ends it. */
export function followTheme(context: Context, target: Window): () => void {
  const { store } = context;
  const dark = target.matchMedia('(prefers-color-scheme: dark)');
  const contrast = target.matchMedia('(prefers-contrast: more)');
  const forced = target.matchMedia('(forced-colors: active)');
  const all = [dark, contrast, forced];
  const show = (): void => {
    const { theme, diffPalette } = store.getState().settings;
    const asked = contrast.matches ? 'contrast' : dark.matches ? 'dark' : 'light';
    const shownTheme = theme === 'system' ? asked : theme;
    const { dataset } = target.document.documentElement;
    dataset['theme'] = shownTheme;
    dataset['diffPalette'] = diffPalette;
    store.setState({ shownTheme: forced.matches ? 'forced' : shownTheme });
  };
  for (const each of all) each.addEventListener('change', show);
  const end = watch(store, ({ settings: { theme, diffPalette } }) => `${theme} ${diffPalette}`, show);
  return () => {
    for (const each of all) each.removeEventListener('change', show);
    end();
  };
}

/** From light to dark and back, by what is shown. */
export function toggleTheme(context: Context): void {
  changeSettings(context, { theme: context.store.getState().shownTheme === 'dark' ? 'light' : 'dark' });
}
