import { useEffect } from 'react';
import { typesText } from './keys.js';
import { useControls } from './workbench.js';

/**
 * Escape runs something as long as that can be seen, before any view has the key: who waits wants to wait no more. What is opened over
 * the window, and text that is written, have it first.
 */
export function useEscape(active: boolean, run: () => void): void {
  const { store } = useControls();
  useEffect(() => {
    if (!active) return undefined;
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape' || event.defaultPrevented || typesText(event.target)) return;
      const { dialog, prompts, paletteOpen } = store.getState();
      const covered = dialog !== null || prompts.length > 0 || paletteOpen;
      if (covered || document.querySelector('.popover') !== null) return;
      event.preventDefault();
      event.stopPropagation();
      run();
    };
    window.addEventListener('keydown', onKeyDown, { capture: true });
    return () => {
      window.removeEventListener('keydown', onKeyDown, { capture: true });
    };
  }, [active, run, store]);
}
