import type { LinkState } from '../../contract/target.js';

/** Holds a link's state and tells listeners of every change. */
export class LinkStates {
  private current: LinkState;
  private readonly listeners = new Set<(state: LinkState) => void>();

  constructor(initial: LinkState) {
    this.current = initial;
  }

  get state(): LinkState {
    return this.current;
  }

  set(state: LinkState): void {
    this.current = state;
    for (const listener of [...this.listeners]) listener(state);
  }

  onState(listener: (state: LinkState) => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  clear(): void {
    this.listeners.clear();
  }
}
