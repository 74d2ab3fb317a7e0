import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { summarise } from '../../scripts/bench/rounds.mjs';
import { startDisplay } from '../../e2e/world/display.js';
import { openOurs } from './ours.js';
import { prepareD3FlameGraph } from './peers/d3-flame-graph.js';
import { prepareGrafanaFlameGraph } from './peers/grafana-flamegraph.js';
import { openSpeedscope } from './peers/speedscope.js';
import { programProfile } from './profiles.js';
import { prepareScrubStore } from './scrub.js';
import type { OpenViewer, Viewer } from './viewer.js';
import { repositoryFolder } from './window.js';
import type { BenchOptions, BenchRow } from '../rows.js';

const units = {
  open_ms: 'ms',
  missed_percent: '%',
  input_p99_ms: 'ms',
  search_ms: 'ms',
  transform_ms: 'ms',
  memory_mb: 'MB',
  start_ms: 'ms',
  scrub_p95_ms: 'ms',
} as const;
type Measure = keyof typeof units;
/** Those that no file is opened for. */
const withoutFile: ReadonlySet<Measure> = new Set(['start_ms', 'scrub_p95_ms']);
/** Those of the real profile, which has no names that the query finds. */
const withoutQuery = (Object.keys(units) as Measure[]).filter(
  (each) => each !== 'search_ms' && each !== 'transform_ms',
);
/** By "measure size scale", one entry a round. */
type Samples = Map<string, number[]>;
/** A picture with fewer names is no measure of how smoothly it moves: writing them is most of a frame. Small profiles have no more to show. */
const fewestNames = 300;
const ofPicture = ['missed_percent', 'input_p99_ms'] as const satisfies readonly Measure[];

/** A file for each tool: pprof, or what the tool reads instead. */
interface Files {
  readonly size: string;
  readonly pprof: string;
  readonly nested: string | undefined;
}

const million = 1_000_000;
const peerNames = ['d3-flame-graph', 'speedscope', 'grafana-flamegraph'] as const;
/** The others are handed the tree itself. */
const readsPprof: ReadonlySet<string> = new Set(['ours', 'speedscope']);
const realFile = 'src/core/formats/testdata/go-cpu.pb.gz';

/**
 * The built app and its peers in the same Electron with software rendering, each on the same stacks, driven through the DevTools
 * protocol. Times run from the input event to the presented frame, by Chromium's trace. All rounds of a tool are starts of its own; the
 * first start of each is not counted. d3-flame-graph and Grafana's panel are handed the tree as
 * nested JSON, as they read no pprof.
 */
export async function bench({ quick, note }: BenchOptions): Promise<readonly BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'pyrometer-bench-view-'));
  mkdirSync(join(folder, 'logs'));
  // Larger than a window at scale 2.
  const display = await startDisplay(folder, '3200x2000x24');
  try {
    const store = await prepareScrubStore(folder, note);
    const files = makeFiles(folder, quick, note);
    const peers: Readonly<Record<(typeof peerNames)[number], OpenViewer>> = {
      'd3-flame-graph': await prepareD3FlameGraph(join(folder, 'd3')),
      speedscope: openSpeedscope,
      'grafana-flamegraph': await prepareGrafanaFlameGraph(join(folder, 'grafana')),
    };
    const samples: Record<string, Samples> = {};
    /** By the key of samples of ours, why they count for nothing. */
    const spoiled = new Map<string, string>();
    const round = async (
      name: string,
      open: OpenViewer,
      { size, pprof, nested }: Files,
      scale: 1 | 2,
      measures: readonly Measure[],
    ): Promise<void> => {
      const home = join(folder, `home-${name}`);
      mkdirSync(home, { recursive: true, mode: 0o700 });
      const viewer = await open({ display: display.name, home, scale });
      const add = (measure: Measure, value: number): void => {
        keep(samples, name, `${measure} ${withoutFile.has(measure) ? '' : size} ${scale}`, value);
        note(`  ${name} ${measure} ${size} x${scale}: ${value.toFixed(1)}`);
      };
      try {
        const file = readsPprof.has(name) ? pprof : nested;
        if (file === undefined) return;
        const names = await measure(viewer, file, measures, add, note);
        if (name === 'ours' && size === files.million.size && names !== undefined && names < fewestNames) {
          const reason = `${names} names on the screen, ${fewestNames} are asked for`;
          for (const each of ofPicture) spoiled.set(`${each} ${size} ${scale}`, reason);
        }
      } catch (error) {
        if (name === 'ours') throw error;
        // What a peer does not bear is missing in its rows.
        note(`  ${name} gave up on ${size} x${scale}: ${String(error).split('\n', 1)[0] ?? ''}`);
      } finally {
        await viewer.window.dispose();
      }
    };
    const all = Object.keys(units) as Measure[];
    note('warms up');
    for (const [name, open] of [['ours', openOurs], ...Object.entries(peers)] as const) {
      await round(name, open, { ...files.small, size: 'warm-up' }, 1, ['open_ms']);
    }
    for (let at = 0; at < (quick ? 1 : 5); at++) {
      for (const scale of [1, 2] as const) {
        await round('ours', openOurs, files.million, scale, all);
        if (store !== undefined) {
          const p95Ms = await store.scrub({ display: display.name, home: join(folder, 'home-ours'), scale });
          keep(samples, 'ours', `scrub_p95_ms  ${scale}`, p95Ms);
          note(`  ours scrub_p95_ms x${scale}: ${p95Ms.toFixed(1)}`);
        }
        for (const [name, open] of Object.entries(peers)) {
          // What a peer takes minutes for is asked of it once at each scale.
          if (at > 0 && name === 'speedscope') continue;
          await round(name, open, files.million, scale, all);
        }
      }
      for (const size of files.growth) {
        await round('ours', openOurs, size, 1, size.size === 'real' ? withoutQuery : all);
      }
    }
    return rowsOf(samples, spoiled);
  } finally {
    await display.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

function keep(samples: Record<string, Samples>, tool: string, key: string, value: number): void {
  const own = (samples[tool] ??= new Map<string, number[]>());
  own.set(key, [...(own.get(key) ?? []), value]);
}

function makeFiles(
  folder: string,
  quick: boolean,
  note: (text: string) => void,
): { readonly small: Files; readonly million: Files; readonly growth: readonly Files[] } {
  const write = (size: string, nodeCount: number, forPeers: boolean): Files => {
    note(`makes ${size}: ${nodeCount.toLocaleString('en')} call nodes, each with a sample`);
    const profile = programProfile(size, nodeCount);
    const pprof = join(folder, `${size}.pb.gz`);
    writeFileSync(pprof, profile.pprof);
    if (!forPeers) return { size, pprof, nested: undefined };
    const nested = join(folder, `${size}.json`);
    writeFileSync(nested, profile.nested());
    return { size, pprof, nested };
  };
  const real = join(folder, 'real.pb.gz');
  writeFileSync(real, readFileSync(join(repositoryFolder, realFile)));
  const small = write('10k', 10_000, true);
  const growth = [
    { size: 'real', pprof: real, nested: undefined },
    small,
    write('100k', 100_000, false),
    ...(quick ? [] : [write('5m', 5 * million, false)]),
  ];
  return { small, million: write('1m', million, true), growth };
}

/** Answers how many names were on the screen while the picture was moved; undefined where it was not, or the tool does not say. */
async function measure(
  viewer: Viewer,
  file: string,
  measures: readonly Measure[],
  add: (measure: Measure, value: number) => void,
  note: (text: string) => void,
): Promise<number | undefined> {
  const wanted = (each: Measure): boolean => measures.includes(each);
  if (wanted('start_ms')) add('start_ms', viewer.window.startMs);
  add('open_ms', await viewer.open(file));
  if (wanted('search_ms') && viewer.search !== undefined) add('search_ms', await viewer.search());
  if (wanted('memory_mb')) add('memory_mb', viewer.window.memoryMb());
  let names: number | undefined;
  if (wanted('missed_percent') && viewer.graphAt !== undefined) {
    names = await viewer.labels?.();
    if (names !== undefined) note(`  ${names} names on the screen`);
    const { missedPercent, inputP99Ms } = await viewer.window.gesture(viewer.graphAt);
    add('missed_percent', missedPercent);
    add('input_p99_ms', inputP99Ms);
  }
  if (wanted('transform_ms') && viewer.transform !== undefined) add('transform_ms', await viewer.transform());
  return names;
}

function rowsOf(samples: Readonly<Record<string, Samples>>, spoiled: ReadonlyMap<string, string>): readonly BenchRow[] {
  const rows: BenchRow[] = [];
  for (const [key, values] of samples['ours'] ?? []) {
    const [measure = '', size = '', scale] = key.split(' ');
    if (size === 'warm-up') continue;
    const { median, spread, n } = summarise(values);
    const reason = spoiled.get(key);
    rows.push({
      id: `${measure}${size === '' ? '' : `_${size}`}${scale === '2' ? '_2x' : ''}`,
      ours: reason === undefined ? median : null,
      unit: units[measure as Measure],
      peers: Object.fromEntries(
        peerNames.map((name) => {
          const theirs = samples[name]?.get(key);
          return [name, theirs === undefined ? null : summarise(theirs).median];
        }),
      ),
      n,
      spread,
      ...(reason === undefined ? {} : { reason }),
    });
  }
  return rows;
}
