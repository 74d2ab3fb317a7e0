import type { Context } from './context.js';
import { watch } from './watch.js';

/** Shows the chosen theme, or the machine's while "system" is chosen. Returns what ends it. */
export function followTheme(context: Context, target: Window): () => void {
  const { store, shell } = context;
  const darkSystem = target.matchMedia('(prefers-color-scheme: dark)');
  const show = (): void => {
    const { theme } = store.getState();
    const shownTheme = theme === 'system' ? (darkSystem.matches ? 'dark' : 'light') : theme;
    target.document.documentElement.dataset['theme'] = shownTheme;
    store.setState({ shownTheme });
  };
  darkSystem.addEventListener('change', show);
  const end = watch(
    store,
    (state) => state.theme,
    ({ theme }) => {
      show();
      void shell.call('theme.set', { theme }); // the window shows it anyway; menus and dialogs follow
    },
  );
  return () => {
    darkSystem.removeEventListener('change', show);
    end();
  };
}

/** From light to dark and back, by what is shown. */
export function toggleTheme(context: Context): void {
  const { store } = context;
  store.setState({ theme: store.getState().shownTheme === 'dark' ? 'light' : 'dark' });
}
