import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Scale } from '../contract/decoder.js';
import type { Rename } from '../contract/matching.js';
import { fail, ok, type Result } from '../contract/result.js';
import { breaks, failRuleText } from '../core/compare/fail-on.js';
import { mergeProfiles } from '../core/profile/merge-profiles.js';
import { writePprof } from '../core/formats/pprof/write.js';
import { decodeText, type DecodedProfile } from '../engine/profiles/decode.js';
import type { ProfileDecoder } from '../engine/profiles/decoder.js';
import { differenceOf, type Difference } from '../engine/profiles/difference.js';
import { readFailure } from '../engine/profiles/failures.js';
import { RenamesFile } from '../engine/renames/renames-file.js';
import { loadDecoder } from '../engine/profiles/native.js';
import { checkWritable, writeShare } from '../engine/profiles/share.js';
import { ProfileStore } from '../engine/profiles/store.js';
import { decodedOrEmpty, type DecodedWindows, type WindowPart } from '../engine/profiles/windows.js';
import { SnapshotLibrary } from '../engine/snapshots/library.js';
import type { Command, DiffSide } from './arguments.js';
import { agreesToCost } from './cost-question.js';
import { dataDir } from './data-dir.js';
import { diffReport, type BrokenRule } from './diff-report.js';
import { SelectionReader, type FetchedSelection } from './diff-selection.js';
import type { Progress } from './progress.js';
import type { SelectionText } from './selection-text.js';

const memoryBudget = 4 * 2 ** 30;
/** A side of more measurements would be judged no better, and be read for minutes. */
const mostFiles = 2000;

/** What is to be printed, and whether a rule was met. */
export interface Compared {
  readonly text: string;
  readonly broken: boolean;
}

/** One side, read: all of it as one profile, and each measurement as a window. */
interface Side {
  readonly title: string;
  readonly bytes: Uint8Array;
  readonly windows: DecodedWindows;
  /** Which column is compared. */
  readonly valueIndex: number;
  /** Of a selection. */
  readonly fetched?: FetchedSelection;
}

/** Compares two sides. Nothing is left but the page, when one was asked for. */
export async function diff(
  command: Extract<Command, { name: 'diff' }>,
  progress: Progress,
  signal: AbortSignal,
): Promise<Result<Compared>> {
  if (command.out !== undefined) {
    const writable = await checkWritable(command.out);
    if (!writable.ok) return writable;
  }
  const renames = await renamesOf(command);
  if (!renames.ok) return renames;
  const decoder = loadDecoder();
  const { asking, ignoreTypeArguments } = command;
  const reader = new SelectionReader({ decoder, asking, progress, signal });
  const read: Side[] = [];
  let earlier: DecodedWindows | string | undefined;
  let scale: Scale;
  try {
    const sides = [command.before, command.after];
    const selections = sides.flatMap((side) => (side.kind === 'selection' ? [side.selection] : []));
    const cost = await reader.cost(selections);
    if (!cost.ok) return cost;
    const wantsWindows =
      asking.yes || (await agreesToCost(cost.value, 'compare without them, so that nothing is certain'));
    for (const named of sides) {
      const side = await readSide(named, decoder, reader, wantsWindows);
      if (!side.ok) return side;
      read.push(side.value);
    }
    const [one, other] = read.map(({ fetched }) => fetched);
    const scaled = await scaleOf(command, reader, one, other);
    if (!scaled.ok) return scaled;
    scale = scaled.value;
    if (one !== undefined && other !== undefined) {
      const found = await reader.earlier(one, other);
      // The comparison stands without them.
      earlier = found.ok ? found.value : found.failure.message.replace(/\.$/, '');
    }
  } finally {
    reader.dispose();
    if (reader.asked) progress.done('');
  }
  const [before, after] = read;
  if (before === undefined || after === undefined) throw new Error('a comparison has two sides');
  const spoolDir = await mkdtemp(join(tmpdir(), 'pyrometer-spool-'));
  const store = new ProfileStore({ spoolDir, decoder, memoryBudget });
  try {
    const sides = [before, after] as const;
    const [baselineId, comparisonId] = ['baseline', 'comparison'];
    await writeFile(join(spoolDir, baselineId), sides[0].bytes, { mode: 0o600 });
    await writeFile(join(spoolDir, comparisonId), sides[1].bytes, { mode: 0o600 });
    const { valueIndex } = sides[1];
    const matching = { ignoreTypeArguments, renames: [...renames.value] };
    const source = { kind: 'diff', baselineId, comparisonId, valueIndex, scale, matching } as const;
    const history = typeof earlier === 'string' ? undefined : earlier;
    const found = await differenceOf(store, source, [sides[0].windows, sides[1].windows], signal, history);
    if (!found.ok) return found;
    const titles = { before: sides[0].title, after: sides[1].title };
    if (command.out !== undefined) {
      const title = `${titles.before} → ${titles.after}`;
      const drawn = await writeShare(store, { path: command.out, format: 'html', title, source });
      if (!drawn.ok) return drawn;
    }
    const broken = brokenRules(command.failOn, found.value);
    const chosen = command.scale === 'auto';
    const told = { chosen, broken, ...(typeof earlier === 'string' ? { withoutHistory: earlier } : {}) };
    return ok({ text: diffReport(command.report, titles, found.value, told), broken: broken.length > 0 });
  } catch (error) {
    if (signal.aborted) return fail('cancelled', 'Cancelled.');
    throw error;
  } finally {
    store.dispose();
    await rm(spoolDir, { recursive: true, force: true });
  }
}

/** How the sides are made comparable; work is counted where that was asked for. */
async function scaleOf(
  { scale, work }: Extract<Command, { name: 'diff' }>,
  reader: SelectionReader,
  before: FetchedSelection | undefined,
  after: FetchedSelection | undefined,
): Promise<Result<Scale>> {
  if (scale !== 'work') return ok({ by: scale });
  if (work?.kind === 'counted') return ok({ by: 'work', ...work.work });
  if (work === undefined || before === undefined || after === undefined) {
    return fail(
      'invalid-input',
      'Work is counted in the time of selections: of files and snapshots say it, as --work 1200,1350.',
    );
  }
  const counted = await reader.countWork(work.counter, before, after);
  return counted.ok ? ok({ by: 'work', ...counted.value }) : counted;
}

/** Remembers what the command tells, and answers all that the window and the command line were ever told. */
async function renamesOf({ renames }: Extract<Command, { name: 'diff' }>): Promise<Result<readonly Rename[]>> {
  const file = new RenamesFile(join(dataDir(), 'renames.json'));
  for (const { forget, rename } of renames) {
    const changed = await (forget ? file.forget(rename) : file.tell(rename));
    if (!changed.ok) return changed;
  }
  return file.list();
}

function brokenRules(
  rules: Extract<Command, { name: 'diff' }>['failOn'],
  { functions, causes, whole }: Difference,
): readonly BrokenRule[] {
  return rules.flatMap((rule) => {
    // Of what is certain, only causes are blamed; of the rest nobody knows who only inherits.
    const change = (rule.certain ? causes : functions).find((each) => breaks(rule, each, whole.before));
    return change === undefined ? [] : [{ rule: failRuleText(rule), name: change.name }];
  });
}

async function readSide(
  side: DiffSide,
  decoder: ProfileDecoder,
  reader: SelectionReader,
  wantsWindows: boolean,
): Promise<Result<Side>> {
  if (side.kind === 'snapshot') return snapshotSide(side.title, decoder);
  if (side.kind === 'selection') return selectionSide(side.selection, decoder, reader, wantsWindows);
  const { path } = side;
  let files: string[];
  try {
    files = (await stat(path)).isDirectory() ? await filesIn(path) : [path];
  } catch (error) {
    return namedFailure(path, readFailure(error));
  }
  if (files.length === 0) return fail('not-found', `"${path}" holds no profile.`);
  if (files.length > mostFiles) {
    return fail('too-large', `"${path}" holds ${files.length} files; ${mostFiles} can be compared.`);
  }
  const measured: Measured[] = [];
  for (const file of files) {
    let bytes: Uint8Array;
    try {
      bytes = await readFile(file);
    } catch (error) {
      return namedFailure(file, readFailure(error));
    }
    const decoded = await decoder.decode(bytes);
    if (!decoded.ok) return namedFailure(file, decoded);
    measured.push({ name: file, bytes, decoded: decoded.value });
  }
  return joined(basename(path), measured);
}

/** One measurement of a side. */
interface Measured {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly decoded: DecodedProfile;
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map(({ name }) => join(folder, name))
    .sort();
}

async function selectionSide(
  selection: SelectionText,
  decoder: ProfileDecoder,
  reader: SelectionReader,
  wantsWindows: boolean,
): Promise<Result<Side>> {
  const fetched = await reader.read(selection, wantsWindows);
  if (!fetched.ok) return fetched;
  const { title, bytes, windows } = fetched.value;
  // A source answers a selection without samples with nothing, too.
  const decoded = await decodedOrEmpty(bytes, decoder);
  if (!decoded.ok) return namedFailure(title, decoded);
  const whole = { parts: [windowOf(decoded.value)], windowCount: 1 };
  const valueIndex = decoded.value.profile.defaultValueIndex;
  return ok({ title, bytes, windows: windows ?? whole, valueIndex, fetched: fetched.value });
}

async function snapshotSide(title: string, decoder: ProfileDecoder): Promise<Result<Side>> {
  const library = new SnapshotLibrary(join(dataDir(), 'library'));
  const rows = await library.list();
  if (!rows.ok) return rows;
  const row = rows.value.find((each) => each.profiles > 0 && (each.title === title || each.snapshotId === title));
  if (row === undefined) return fail('not-found', `There is no snapshot "${title}".`);
  if (row.profiles > 1) {
    return fail('invalid-input', `The snapshot "${title}" is a comparison itself: name one of a single profile.`);
  }
  const content = await library.open(row.snapshotId);
  if (!content.ok) return content;
  const bytes = content.value.profiles[0]?.bytes ?? new Uint8Array();
  const decoded = await decoder.decode(bytes);
  if (!decoded.ok) return namedFailure(title, decoded);
  return joined(row.title, [{ name: title, bytes, decoded: decoded.value }]);
}

/** Measurements as one side, in the order of their time. */
function joined(title: string, measured: readonly Measured[]): Result<Side> {
  const inOrder = measured.toSorted((a, b) => a.decoded.profile.timeNs - b.decoded.profile.timeNs);
  const [first, ...others] = inOrder;
  if (first === undefined) return fail('not-found', `"${title}" holds no profile.`);
  const parts = inOrder.map(({ decoded }) => windowOf(decoded));
  const windows = { parts, windowCount: parts.length };
  const valueIndex = first.decoded.profile.defaultValueIndex;
  if (others.length === 0) return ok({ title, bytes: first.bytes, windows, valueIndex });
  const merged = mergeProfiles([first.decoded.profile, ...others.map(({ decoded }) => decoded.profile)]);
  if (!merged.ok) {
    const unlike = inOrder[merged.unlike]?.name ?? '';
    return fail('invalid-input', `"${unlike}" does not measure what the other profiles of "${title}" do.`);
  }
  return ok({ title, bytes: writePprof(merged.profile, decodeText), windows, valueIndex });
}

function windowOf(decoded: DecodedProfile): WindowPart {
  const { profile } = decoded;
  const { samples, defaultValueIndex } = profile;
  return {
    decoded,
    rows: [
      {
        // What was measured side by side is no less a measurement each.
        startMs: NaN,
        // Of an unknown length each counts the same.
        seconds: profile.durationNs > 0 ? profile.durationNs / 1e9 : 1,
        sample: Uint32Array.from(samples.stack, (_, index) => index),
        value: samples.values[defaultValueIndex] ?? new Float64Array(0),
        period: 0,
      },
    ],
  };
}

function namedFailure(name: string, result: Result<unknown>): Result<never> {
  if (result.ok) throw new Error('nothing failed');
  const { code, message, detail } = result.failure;
  return fail(code, `"${name}": ${message}`, detail);
}
