import { keysWords } from './keys.js';
import { useControls } from './workbench.js';

/** A tooltip that also tells the keys for the same, as the list of keys has them: "Follow new windows (Ctrl+L)". */
export function useTip(): (words: string, keys: string) => string {
  const { shell } = useControls();
  const mac = shell.platform === 'darwin';
  return (words, keys) => `${words} (${keysWords(keys, mac)})`;
}
