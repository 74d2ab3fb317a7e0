export interface Heard {
  /** sudo wants a password. */
  readonly onPrompt: () => void;
  /** sudo let the command run. */
  readonly onMark: () => void;
}

/** Reads sudo's standard error for its prompt and for the mark that follows it; both begin with "pyrometer-". */
export class SudoWords {
  private readonly prompt: string;
  private readonly mark: string;
  private readonly heard: Heard;
  private unread = '';

  /** @param mark stands in a line of its own */
  constructor(prompt: string, mark: string, heard: Heard) {
    this.prompt = prompt;
    this.mark = `${mark}\n`;
    this.heard = heard;
  }

  take(said: string): void {
    this.unread += said;
    for (let at = this.find(); at >= 0; at = this.find()) {
      if (this.unread.startsWith(this.prompt, at)) {
        this.unread = this.unread.slice(at + this.prompt.length);
        this.heard.onPrompt();
      } else if (this.unread.startsWith(this.mark, at)) {
        this.unread = this.unread.slice(at + this.mark.length);
        this.heard.onMark();
      } else if (this.unread.length - at > this.prompt.length) this.unread = this.unread.slice(at + 1);
      else return; // not yet read whole
    }
    this.unread = this.unread.slice(-'pyrometer-'.length);
  }

  private find(): number {
    return this.unread.indexOf('pyrometer-');
  }
}
