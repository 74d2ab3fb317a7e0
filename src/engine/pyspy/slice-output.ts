import { Writable } from 'node:stream';
import { fail, ok, type Result } from '../../contract/result.js';
import { pySpyFailure } from './failures.js';

/** A profile of a slice with many threads is a few megabytes. */
const largestOutput = 128 * 1024 * 1024;

/** What a run of py-spy left. */
export interface SliceOutput {
  /** speedscope JSON. */
  readonly profile: string;
  /** What it said in words. */
  readonly said: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** When it said that it samples, and when it began to write what it had: what lies between is what it saw. */
  readonly sampledFromMs: number;
  readonly sampledToMs: number;
  /** What py-spy took itself, in cores; undefined where nobody measured it. */
  readonly cores?: number;
}

/** Keeps what is written to it, up to a limit. */
export class Collector extends Writable {
  private readonly chunks: Buffer[] = [];
  private size = 0;
  private end_: Buffer = Buffer.alloc(0);
  /** When the first of it came. */
  firstAtMs: number | undefined;

  get tooLarge(): boolean {
    return this.size > largestOutput;
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('utf8');
  }

  /** Whether it ends so, also beyond the limit. At most 100 bytes can be asked for. */
  endsWith(text: string): boolean {
    return this.end_.toString('latin1').endsWith(text);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.firstAtMs ??= Date.now();
    this.size += chunk.length;
    if (!this.tooLarge) this.chunks.push(chunk);
    this.end_ = Buffer.concat([this.end_, chunk.subarray(-100)]).subarray(-100);
    done();
  }
}

/** Splits the profile from what py-spy said when it failed; `ending` is what comes behind it. */
export function readOutput(
  words: string,
  output: Collector,
  ending = '',
): Result<Pick<SliceOutput, 'profile' | 'said'>> {
  if (output.tooLarge) return fail('too-large', 'py-spy wrote more than can be taken: lower the rate.');
  const text = output.text.slice(0, -ending.length || undefined);
  const begin = text.indexOf('{"$schema"');
  return begin < 0 ? pySpyFailure(`${text}\n${words}`) : ok({ profile: text.slice(begin), said: words });
}
