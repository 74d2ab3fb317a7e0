/**
 * Lets what can wait give way to what somebody waits for just now. Both share one thread, and on a machine with few processors those of the
 * addon too.
 */
export class Precedence {
  #urgent = 0;
  #waiting: (() => void)[] = [];

  /** Something urgent begins. Returns what ends it, once. */
  begin(): () => void {
    this.#urgent += 1;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#urgent -= 1;
      if (this.#urgent > 0) return;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const go of waiting) go();
    };
  }

  /** Resolves when nothing is urgent. */
  async calm(): Promise<void> {
    while (this.#urgent > 0) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }
}
