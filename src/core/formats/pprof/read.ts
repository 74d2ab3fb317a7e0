import {
  Function as PprofFunction,
  Location as PprofLocation,
  Mapping as PprofMapping,
  Sample as PprofSample,
  ValueType as PprofValueType,
} from 'pprof-format';
import { createProfileBuilder, type ProfileBuilder } from '../../profile/builder.js';
import type { NewLabel } from '../../profile/label-builder.js';
import type { SampleType } from '../../profile/profile.js';
import { looksLikeText, tooManyCallPaths, type ImportContext, type Importer, type ImportSteps } from '../importing.js';
import { noRepairs, pprofFailure, repairWarnings, sampleTypeLimit, type Repairs } from './repairs.js';
import { beginsLikePprof, eachSpan, readLayout, type PprofLayout } from './wire.js';

/**
 * Reads pprof with npm's pprof-format. This is the reference for the native reader, which must answer the same columns,
 * repairs and problems; change both together. The structure is checked before pprof-format sees a message, because it
 * reads on where a file is cut off.
 */
export const pprofImporter: Importer = {
  format: 'pprof',
  read(bytes, context) {
    if (looksLikeText(bytes) || !beginsLikePprof(bytes)) return undefined;
    return readPprof(bytes, context);
  },
};

/** Finding where messages lie takes little beside reading them. */
function* readPprof(bytes: Uint8Array, context: ImportContext): ImportSteps {
  yield 0;
  const wire = readLayout(bytes);
  if (!wire.ok) return pprofFailure(wire.problem, wire.offset);
  return yield* build(bytes, wire.layout, context);
}

type Numeric = number | bigint;

/** pprof-format answers bigint for long varints, small or large: one key for one id. */
function idOf(numeric: Numeric): Numeric {
  if (typeof numeric === 'number') return numeric;
  const id = BigInt.asUintN(64, numeric);
  return id <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(id) : id;
}

/** An int64 field as a number; beyond 2^53 rounded, as the native reader's double is. */
function signed(numeric: Numeric): number {
  return typeof numeric === 'number' ? numeric : Number(BigInt.asIntN(64, numeric));
}

function unsigned64(numeric: Numeric): bigint {
  return BigInt.asUintN(64, BigInt(numeric));
}

/** A line number, 0 when it is none. */
function lineOf(numeric: Numeric): number {
  const line = signed(numeric);
  return line > 0 && line <= 0xffffffff ? line : 0;
}

function* build(bytes: Uint8Array, layout: PprofLayout, { decode, callPathLimit }: ImportContext): ImportSteps {
  const typeCount = layout.sampleTypes.length / 2;
  if (typeCount === 0) return pprofFailure('no-sample-types', bytes.length);
  if (typeCount > sampleTypeLimit) return pprofFailure('too-many-sample-types', bytes.length);
  const builder = createProfileBuilder(typeCount);
  const repairs = noRepairs();

  const strings = internStrings(bytes, layout, builder, repairs);
  const stringAt = (index: Numeric): number => {
    const known = strings[signed(index)];
    if (known === undefined) repairs.strings++;
    return known ?? 0;
  };
  const textOf = (index: number): string => decode(builder.bytesOf(index));
  const typeOf = (message: Uint8Array): { readonly type: number; readonly unit: number } => {
    const { type, unit } = PprofValueType.decode(message);
    return { type: stringAt(type), unit: stringAt(unit) };
  };
  const textTypeOf = ({ type, unit }: ReturnType<typeof typeOf>): SampleType => ({
    type: textOf(type),
    unit: textOf(unit),
  });
  const sampleTypes: ReturnType<typeof typeOf>[] = [];
  eachSpan(bytes, layout.sampleTypes, (message) => sampleTypes.push(typeOf(message)));
  const periodTypes: ReturnType<typeof typeOf>[] = [];
  eachSpan(bytes, layout.periodTypes, (message) => periodTypes.push(typeOf(message)));
  const periodType = periodTypes.at(-1);
  const comments = layout.comments.map(stringAt);
  const defaultType = stringAt(layout.defaultSampleType);

  yield shareBeforeSamples / 2;
  const locations = readLocations(bytes, layout, builder, repairs, stringAt);
  yield shareBeforeSamples;
  const fit = yield* readSamples(bytes, layout, builder, repairs, { locations, typeCount, callPathLimit, stringAt });
  if (!fit) return tooManyCallPaths(callPathLimit);
  const named = defaultType === 0 ? -1 : sampleTypes.findIndex(({ type }) => type === defaultType);
  const profile = builder.freeze({
    sampleTypes: sampleTypes.map(textTypeOf),
    // Where the file names no default, pprof's tools show the last type.
    defaultValueIndex: named >= 0 ? named : typeCount - 1,
    timeNs: Math.max(0, signed(layout.timeNanos)),
    durationNs: Math.max(0, signed(layout.durationNanos)),
    period: Math.max(0, signed(layout.period)),
    periodType: periodType === undefined ? undefined : textTypeOf(periodType),
    comments: comments.map(textOf),
  });
  return { ok: true, value: { format: 'pprof', profile, warnings: repairWarnings(repairs) } };
}

/** Interns the string table; answers string indices of the profile by those of the file. */
function internStrings(bytes: Uint8Array, layout: PprofLayout, builder: ProfileBuilder, repairs: Repairs): number[] {
  const strings: number[] = [];
  eachSpan(bytes, layout.strings, (utf8) => {
    if (strings.length > 0) strings.push(builder.string(utf8));
    else {
      if (utf8.length > 0) repairs.firstString = 1;
      strings.push(0);
    }
  });
  // Index 0 means "not given" and is sound even in a file without strings.
  if (strings.length === 0) strings.push(0);
  return strings;
}

interface FileMapping {
  readonly index: number;
  readonly file: number;
}
interface FileFunction {
  readonly name: number;
  readonly systemName: number;
  readonly file: number;
  readonly startLine: number;
}

/** Whether an id can be given to a new entry; counts those that cannot. */
function isFree(byId: ReadonlyMap<Numeric, unknown>, id: Numeric, repairs: Repairs): boolean {
  if (id !== 0 && !byId.has(id)) return true;
  repairs.ids++;
  return false;
}

/** Reads mappings, functions and locations; answers locations of the profile by the file's ids. */
function readLocations(
  bytes: Uint8Array,
  layout: PprofLayout,
  builder: ProfileBuilder,
  repairs: Repairs,
  stringAt: (index: Numeric) => number,
): ReadonlyMap<Numeric, number> {
  const mappings = new Map<Numeric, FileMapping>();
  eachSpan(bytes, layout.mappings, (message) => {
    const read = PprofMapping.decode(message);
    const id = idOf(read.id);
    if (!isFree(mappings, id, repairs)) return;
    const file = stringAt(read.filename);
    const index = builder.mapping({
      start: unsigned64(read.memoryStart),
      limit: unsigned64(read.memoryLimit),
      offset: unsigned64(read.fileOffset),
      file,
      buildId: stringAt(read.buildId),
    });
    mappings.set(id, { index, file });
  });
  const functions = new Map<Numeric, FileFunction>();
  eachSpan(bytes, layout.functions, (message) => {
    const read = PprofFunction.decode(message);
    const id = idOf(read.id);
    if (!isFree(functions, id, repairs)) return;
    functions.set(id, {
      name: stringAt(read.name),
      systemName: stringAt(read.systemName),
      file: stringAt(read.filename),
      startLine: lineOf(read.startLine),
    });
  });
  const locations = new Map<Numeric, number>();
  eachSpan(bytes, layout.locations, (message) => {
    const read = PprofLocation.decode(message);
    const id = idOf(read.id);
    if (!isFree(locations, id, repairs)) return;
    const mappingId = idOf(read.mappingId);
    const mapping = mappings.get(mappingId);
    if (mapping === undefined && mappingId !== 0) repairs.mappings++;
    const library = mapping?.file ?? 0;
    locations.set(id, builder.location(mapping?.index ?? 0, unsigned64(read.address)));
    let lines = 0;
    for (const line of read.line.toReversed()) {
      const called = functions.get(idOf(line.functionId));
      if (called === undefined) {
        repairs.functions++;
        continue;
      }
      builder.line(builder.function({ ...called, library }), lineOf(line.line));
      lines++;
    }
    if (lines > 0) return;
    builder.line(builder.function({ name: 0, systemName: 0, file: 0, library, startLine: 0 }), 0);
  });
  return locations;
}

/** Of the time that a file takes; a guess that keeps a bar from standing still. */
const shareBeforeSamples = 0.2;
/** So many samples are a step. */
const samplesOfStep = 4096;

/** Reads the samples; answers false when there are more stacks than the limit. */
function* readSamples(
  bytes: Uint8Array,
  layout: PprofLayout,
  builder: ProfileBuilder,
  repairs: Repairs,
  given: {
    readonly locations: ReadonlyMap<Numeric, number>;
    readonly typeCount: number;
    readonly callPathLimit: number;
    readonly stringAt: (index: Numeric) => number;
  },
): Generator<number, boolean, undefined> {
  const { locations, typeCount, callPathLimit, stringAt } = given;
  const fits = (): boolean => builder.stackCount <= callPathLimit;
  const take = (message: Uint8Array): void => {
    if (!fits()) return;
    const { locationId, value, label } = PprofSample.decode(message);
    if (value.length !== typeCount) {
      repairs.values++;
      return;
    }
    const labels: NewLabel[] = [];
    for (const { key, str, num: number, numUnit } of label) {
      const read = {
        key: stringAt(key),
        text: stringAt(str),
        number: BigInt.asIntN(64, BigInt(number)),
        unit: stringAt(numUnit),
      };
      if (read.key === 0) repairs.labels++;
      else labels.push(read);
    }
    let stack = 0;
    for (let i = locationId.length - 1; i >= 0; i--) {
      const location = locations.get(idOf(locationId[i] ?? 0));
      if (location === undefined) repairs.locations++;
      else stack = builder.stack(stack, location);
      if (!fits()) return;
    }
    const values = value.map((numeric) => {
      const number = signed(numeric);
      if (number < 0) repairs.negatives++;
      return Math.max(0, number);
    });
    builder.sample(stack, values, labels);
  };
  const { samples } = layout;
  for (let from = 0; fits() && from < samples.length; from += 2 * samplesOfStep) {
    eachSpan(bytes, samples, take, from, Math.min(samples.length, from + 2 * samplesOfStep));
    yield shareBeforeSamples + (1 - shareBeforeSamples) * (from / samples.length);
  }
  return fits();
}
