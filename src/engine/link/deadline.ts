/** A time limit that does not run while the user is asked. */
export class Deadline {
  private readonly onExpired: () => void;
  private timer: NodeJS.Timeout | undefined;
  private leftMs: number;
  private startedAt = 0;
  private over = false;

  constructor(limitMs: number, onExpired: () => void) {
    this.onExpired = onExpired;
    this.leftMs = limitMs;
    this.resume();
  }

  pause(): void {
    if (this.timer === undefined) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.leftMs = Math.max(1000, this.leftMs - (performance.now() - this.startedAt));
  }

  resume(): void {
    if (this.timer !== undefined || this.over) return;
    this.startedAt = performance.now();
    this.timer = setTimeout(this.onExpired, this.leftMs);
  }

  /** Ends it for good. */
  clear(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.over = true;
  }
}
