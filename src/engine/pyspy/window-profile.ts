import {
  Function as PprofFunction,
  Label,
  Line,
  Location,
  Profile,
  Sample,
  StringTable,
  ValueType,
} from 'pprof-format';
import { pySpyComment } from '../../contract/pyspy.js';
import type { Frame } from './speedscope.js';

export interface ProfileFacts {
  readonly profileType: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly periodNs: number;
}

/**
 * Windows as one pprof: equal stacks with equal labels are one sample. `sample` answers indices from 0 in the order in which
 * they came, which is that of the file.
 */
export class WindowProfile {
  private readonly strings = new StringTable();
  private readonly functions = new Map<string, PprofFunction>();
  private readonly locations = new Map<string, Location>();
  private readonly samples = new Map<string, { readonly index: number; readonly sample: Sample; value: number }>();

  /** The id of a location, for `sample`. */
  location({ name, file, line }: Frame): number {
    const named = `${name}\n${file}`;
    let callee = this.functions.get(named);
    if (callee === undefined) {
      const nameId = this.strings.dedup(name);
      const filename = this.strings.dedup(file);
      callee = new PprofFunction({ id: this.functions.size + 1, name: nameId, systemName: nameId, filename });
      this.functions.set(named, callee);
    }
    const key = `${line} ${named}`;
    let location = this.locations.get(key);
    if (location === undefined) {
      const id = this.locations.size + 1;
      location = new Location({ id, line: [new Line({ functionId: callee.id, line })] });
      this.locations.set(key, location);
    }
    return Number(location.id);
  }

  /** Adds a value to the sample of a stack (locations, outermost first) and labels; answers its index. */
  sample(stack: readonly number[], value: number, labels: Readonly<Record<string, string>> = {}): number {
    const entries = Object.entries(labels);
    const key = JSON.stringify([stack, entries]);
    let known = this.samples.get(key);
    if (known === undefined) {
      const sample = new Sample({
        locationId: [...stack].reverse(),
        label: entries.map(
          ([name, text]) => new Label({ key: this.strings.dedup(name), str: this.strings.dedup(text) }),
        ),
      });
      known = { index: this.samples.size, sample, value: 0 };
      this.samples.set(key, known);
    }
    known.value += value;
    return known.index;
  }

  /** Plain bytes of a pprof. */
  encode({ profileType, startMs, durationMs, periodNs }: ProfileFacts): Uint8Array {
    const [, type = '', unit = '', periodType = type, periodUnit = unit] = profileType.split(':');
    const valueType = (name: string, of: string): ValueType =>
      new ValueType({ type: this.strings.dedup(name), unit: this.strings.dedup(of) });
    for (const { sample, value } of this.samples.values()) sample.value = [Math.round(value)];
    return new Profile({
      stringTable: this.strings,
      sampleType: [valueType(type, unit)],
      sample: Array.from(this.samples.values(), ({ sample }) => sample),
      location: [...this.locations.values()],
      function: [...this.functions.values()],
      timeNanos: BigInt(Math.round(startMs * 1e6)),
      durationNanos: BigInt(Math.round(durationMs * 1e6)),
      period: Math.round(periodNs),
      periodType: valueType(periodType, periodUnit),
      comment: [this.strings.dedup(unit === 'nanoseconds' ? pySpyComment : 'recorded by memray')],
      defaultSampleType: this.strings.dedup(type),
    }).encode();
  }
}
