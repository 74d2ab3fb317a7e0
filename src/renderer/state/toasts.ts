import type { Failure } from '../../contract/result.js';
import type { AppStore, Toast } from './store.js';

let nextId = 1;
const keptToasts = 4;

function show(store: AppStore, toast: Omit<Toast, 'id'>): void {
  const id = nextId++;
  store.setState((state) => {
    // The same error again replaces the one that stands there, instead of piling up.
    const others = state.toasts.filter((other) => other.message !== toast.message);
    return { toasts: [...others, { ...toast, id }].slice(-keptToasts) };
  });
}

/** Shows a failure until it is dismissed; a cancelled call is no failure to its user. */
export function showFailure(store: AppStore, failure: Failure): void {
  if (failure.code === 'cancelled') return;
  const { message, detail } = failure;
  show(store, { tone: 'error', message, ...(detail === undefined ? {} : { detail }) });
}

/** Shows what was done. */
export function showInfo(store: AppStore, message: string, path?: string): void {
  show(store, { tone: 'info', message, ...(path === undefined ? {} : { path }) });
}

/** Takes a message away. */
export function dismissToast(store: AppStore, id: number): void {
  store.setState((state) => ({ toasts: state.toasts.filter((toast) => toast.id !== id) }));
}
