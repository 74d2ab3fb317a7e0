import { useEffect } from 'react';
import { commands, runCommand } from './commands.js';
import { inViews, isSingleKey, pressMatches, typesText } from './keys.js';
import { useControls } from './workbench.js';

/** Keys, menu items and dropped files, wherever they happen in the window. */
export function useShortcuts(): void {
  const controls = useControls();
  useEffect(() => {
    const { shell, store } = controls;
    const mac = shell.platform === 'darwin';
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || store.getState().dialog !== null || store.getState().prompts.length > 0) return;
      const command = commands.find((each) => each.keys !== undefined && pressMatches(event, each.keys, mac));
      if (command === undefined) return;
      const keys = command.keys ?? '';
      const single = isSingleKey(keys);
      if (single && (!store.getState().settings.singleKeys || !inViews(event.target))) return;
      const needsNoText = single || keys === 'Home';
      if (needsNoText && (typesText(event.target) || store.getState().paletteOpen)) return;
      if (!command.enabled(store.getState())) return;
      event.preventDefault();
      command.run(controls);
    };
    const onDragOver = (event: DragEvent): void => {
      event.preventDefault();
    };
    const onDrop = (event: DragEvent): void => {
      event.preventDefault();
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length > 0) shell.openDropped(files);
    };
    window.addEventListener('keydown', onKeyDown);
    window.addEventListener('dragover', onDragOver);
    window.addEventListener('drop', onDrop);
    const end = shell.on('command', ({ command }) => {
      runCommand(controls, command);
    });
    return () => {
      window.removeEventListener('keydown', onKeyDown);
      window.removeEventListener('dragover', onDragOver);
      window.removeEventListener('drop', onDrop);
      end();
    };
  }, [controls]);
}
