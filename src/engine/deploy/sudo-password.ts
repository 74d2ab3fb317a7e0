/**
 * The password that sudo asks for on a target where nothing carries root's commands: asked of the user once, and kept in memory for as
 * long as the target is connected to.
 * Who needs it while somebody else's question is open waits for that answer.
 */
export class SudoPassword {
  private known: string | undefined;
  private asking: Promise<string | undefined> | undefined;

  /** The password, which `ask` gets from the user where it is not known; undefined when the user gives none. */
  async get(ask: () => Promise<string | undefined>): Promise<string | undefined> {
    while (this.asking !== undefined) {
      const answered = await this.asking;
      if (answered !== undefined) return answered;
      // Who asked took the question back, or got no answer: then this one is asked.
    }
    if (this.known !== undefined) return this.known;
    const asking = ask();
    this.asking = asking;
    try {
      this.known = await asking;
      return this.known;
    } finally {
      if (this.asking === asking) this.asking = undefined;
    }
  }

  /** sudo did not take it. */
  refused(password: string): void {
    if (this.known === password) this.known = undefined;
  }

  /** The target is left. */
  forget(): void {
    this.known = undefined;
  }
}
