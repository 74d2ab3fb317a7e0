import { createProfileBuilder, type ProfileBuilder } from '../../profile/builder.js';
import type { SampleType } from '../../profile/profile.js';
import { importFailed, tooManyCallPaths, type ImportContext, type ImportResult } from '../importing.js';

/** What Austin measured, by its header's "mode". */
export type AustinMode = 'wall' | 'cpu' | 'memory' | 'full';

/** A mode by its name; what is unknown is read as passing time. */
export function austinMode(name: string | undefined): AustinMode {
  return name === 'cpu' || name === 'memory' || name === 'full' ? name : 'wall';
}

const time = (type: string): SampleType => ({ type, unit: 'nanoseconds' });
/**
 * Austin looks at a process' resident memory and lays what it grew or shrank by since the sample before on the stack that it
 * finds. Growth and shrinkage are told apart: a profile has no negative values, and their difference would hide both.
 */
const memory: readonly SampleType[] = [
  { type: 'rss_growth', unit: 'bytes' },
  { type: 'rss_shrinkage', unit: 'bytes' },
];

const sampleTypes: Readonly<Record<AustinMode, readonly SampleType[]>> = {
  wall: [time('wall')],
  cpu: [time('cpu')],
  memory,
  full: [time('cpu'), time('wall'), ...memory],
};

/** What a file says of itself is kept up to so many lines, of which Austin writes a dozen. */
export const mostHeaderLines = 100;

/** One sample's metrics. */
export interface AustinMetrics {
  /** Microseconds since the sample before; what is negative, as by a clock that was set, counts as none. */
  readonly timeUs: number;
  /** The thread ran nothing in that time. */
  readonly idle: boolean;
  /** What resident memory grew by, bytes; negative when it shrank. */
  readonly memoryBytes: number;
}

/** A profile that grows by Austin's samples, whatever they were written as. */
export class AustinSamples {
  readonly builder: ProfileBuilder;
  private readonly mode: AustinMode;
  private readonly context: ImportContext;
  private readonly locationOf = new Map<string, number>();
  private samples = 0;

  constructor(mode: AustinMode, context: ImportContext) {
    this.mode = mode;
    this.context = context;
    this.builder = createProfileBuilder(sampleTypes[mode].length);
  }

  get tooMany(): boolean {
    return this.builder.stackCount > this.context.callPathLimit;
  }

  /** A place in code; name and file are string indices of the builder. */
  location(name: number, file: number, line: number): number {
    const key = `${name} ${file} ${line}`;
    let location = this.locationOf.get(key);
    if (location === undefined) {
      const callee = this.builder.function({ name, systemName: 0, file, library: 0, startLine: 0 });
      location = this.builder.location(0, 0n);
      this.builder.line(callee, line);
      this.locationOf.set(key, location);
    }
    return location;
  }

  /** Adds a sample to a stack. One in which nothing was measured is none. */
  add(stack: number, { timeUs, idle, memoryBytes }: AustinMetrics): void {
    const [wall, grown, shrunk] = [Math.max(0, timeUs) * 1000, Math.max(0, memoryBytes), Math.max(0, -memoryBytes)];
    const values: Record<AustinMode, readonly number[]> = {
      wall: [wall],
      cpu: [wall],
      memory: [grown, shrunk],
      full: [idle ? 0 : wall, wall, grown, shrunk],
    };
    this.samples++;
    if (values[this.mode].every((value) => value === 0)) return;
    this.builder.sample(stack, values[this.mode]);
  }

  /** `header`: what the file says of itself, by name. */
  finish(format: string, header: ReadonlyMap<string, string>, warnings: readonly string[]): ImportResult {
    if (this.tooMany) return tooManyCallPaths(this.context.callPathLimit);
    if (this.samples === 0) return importFailed('bad-profile', 'Austin wrote no samples into this file.');
    const number = (name: string): number => {
      const value = Number(header.get(name) ?? '');
      return value > 0 && value <= Number.MAX_SAFE_INTEGER ? value : 0;
    };
    const profile = this.builder.freeze({
      sampleTypes: sampleTypes[this.mode],
      defaultValueIndex: 0,
      timeNs: 0,
      durationNs: number('duration') * 1000,
      period: number('interval') * 1000,
      periodType: number('interval') > 0 ? time('wall') : undefined,
      comments: [...header].map(([name, value]) => `${name}: ${value}`),
    });
    return { ok: true, value: { format, profile, warnings } };
  }
}
