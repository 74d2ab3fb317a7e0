// How hostile text is shown is one thing in the whole app; the engine names processes by it.
export { visibleText } from '../../core/words/visible-text.js';
