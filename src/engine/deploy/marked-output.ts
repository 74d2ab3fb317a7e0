import { StringDecoder } from 'node:string_decoder';

/** Of a line without an end; what is beyond it is left out. */
const maxLineCharacters = 1_000_000;
/** Of all that is kept; the end of it is what counts. */
const keptCharacters = 200_000;

export interface OutputTakers {
  readonly onLine?: (line: string) => void;
  readonly onBytes?: (bytes: Buffer) => void;
  /** None of it is kept. */
  readonly following?: boolean;
}

/** Standard output of a command, which may say by a line of its own when what a login script printed is over. */
export class MarkedOutput {
  private readonly mark: Buffer;
  private readonly takers: OutputTakers;
  private readonly decoder = new StringDecoder('utf8');
  /** What came before the mark, or what may be its beginning. */
  private unmarked: Buffer = Buffer.alloc(0);
  private begun: boolean;
  private kept = '';
  private line = '';

  /** @param mark undefined: all that comes is the command's */
  constructor(mark: string | undefined, takers: OutputTakers) {
    this.begun = mark === undefined;
    this.mark = Buffer.from(`\n${mark ?? ''}\n`);
    this.takers = takers;
  }

  /** What was printed after the mark, its last line included. */
  get text(): string {
    return this.takers.following === true ? '' : this.kept + this.line;
  }

  take(chunk: Buffer): void {
    if (this.begun) {
      this.read(chunk);
      return;
    }
    this.unmarked = Buffer.concat([this.unmarked, chunk]);
    const at = this.unmarked.indexOf(this.mark);
    if (at < 0) {
      this.unmarked = this.unmarked.subarray(Math.max(0, this.unmarked.length - this.mark.length));
      return;
    }
    this.begun = true;
    this.read(this.unmarked.subarray(at + this.mark.length));
    this.unmarked = Buffer.alloc(0);
  }

  private read(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.takers.onBytes !== undefined) {
      this.takers.onBytes(bytes);
      return;
    }
    const lines = (this.line + this.decoder.write(bytes)).split('\n');
    this.line = (lines.pop() ?? '').slice(0, maxLineCharacters);
    for (const whole of lines) {
      if (this.takers.following !== true) this.kept = `${this.kept}${whole}\n`.slice(-keptCharacters);
      this.takers.onLine?.(whole);
    }
  }
}
