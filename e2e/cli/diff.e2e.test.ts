import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Function as PprofFunction, Line, Location, Profile, Sample, StringTable, ValueType } from 'pprof-format';
import { beforeAll, expect, inject, test } from 'vitest';
import { cpuProfileType } from '../../src/contract/selection';
import { Http1Transport } from '../../src/engine/pyroscope/http1-transport';
import { PusherClient } from '../../src/engine/pyroscope/pusher-client';
import { openOffline } from '../browser';
import { startReplay } from '../world/replay';
import { startLoginProxy } from '../world/support/login-proxy';
import { commandLineOf } from './command-line';

const cli = commandLineOf(inject('world'));
const period = 10_000_000;
const seconds = 15;

/** Samples of 15 s by stack, with a scatter as counting has it, which is the same at every run. */
type Load = Readonly<Record<string, number>>;

const before: Load = { 'main;handle;render': 400, 'main;handle;sql': 600, 'main;gc': 200, 'main;log|line': 100 };
/** As after, with another name for what became slower. */
const asDraw = (name: string): Load => ({
  ...Object.fromEntries(Object.entries(before).filter(([stack]) => !stack.endsWith(';render'))),
  [`main;handle;${name}`]: 560,
});
const after: Load = { ...before, 'main;handle;render': 560 };

let seed = 7;
function uniform(): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
}

function scattered(mean: number): number {
  let sum = 0;
  for (let i = 0; i < 12; i++) sum += uniform() - 0.5;
  return Math.max(0, Math.round(mean + sum * Math.sqrt(mean)));
}

function pprof(load: Load, startSeconds: number, type = 'cpu', unit = 'nanoseconds'): Uint8Array {
  const strings = new StringTable();
  const names = [...new Set(Object.keys(load).flatMap((stack) => stack.split(';')))];
  const idOf = (name: string): number => names.indexOf(name) + 1;
  const valueType = new ValueType({ type: strings.dedup(type), unit: strings.dedup(unit) });
  const profile = new Profile({
    sampleType: [valueType],
    periodType: valueType,
    period,
    timeNanos: BigInt(startSeconds) * 1_000_000_000n,
    durationNanos: BigInt(seconds) * 1_000_000_000n,
    function: names.map((name) => new PprofFunction({ id: idOf(name), name: strings.dedup(name) })),
    location: names.map((name) => new Location({ id: idOf(name), line: [new Line({ functionId: idOf(name) })] })),
    sample: Object.entries(load).map(
      ([stack, mean]) =>
        new Sample({ locationId: stack.split(';').reverse().map(idOf), value: [scattered(mean) * period] }),
    ),
    stringTable: strings,
  });
  return gzipSync(profile.encode());
}

beforeAll(() => {
  for (const [folder, load] of [
    ['before', before],
    ['after', after],
    ['again', before],
    ['mixed', before],
    ['renamed', asDraw('draw')],
    ['hashed/before', { ...asDraw(`draw::h${'1'.repeat(16)}`), [`main;handle;draw::h${'1'.repeat(16)}`]: 400 }],
    ['hashed/after', asDraw(`draw::h${'2'.repeat(16)}`)],
  ] as const) {
    mkdirSync(join(cli.home, folder), { mode: 0o755, recursive: true });
    for (let run = 0; run < 12; run++) cli.write(`${folder}/${run}.pb.gz`, pprof(load, run * seconds), 0o644);
  }
  cli.write('mixed/other.pb.gz', pprof(before, 0, 'alloc_space', 'bytes'), 0o644);
});

test('what changed is named, with its interval, and a pipeline fails by it', async () => {
  const done = await cli.run(['diff', 'before', 'after', '--fail-on', 'certain slower > 5%', '--out', 'diff.html']);
  expect(done.stderr).toBe('');
  expect(done.code).toBe(3);
  expect(done.stdout).toMatch(/What changed for certain\n\n {2}render takes \d\d\.\d\s% more\n/);
  expect(done.stdout).toMatch(/95 % interval \+[23]\d\.\d\s% to \+[45]\d\.\d\s%/);
  expect(done.stdout).toContain('at main > handle > render');
  expect(done.stdout).toContain('12 measurements against 12 measurements.');
  expect(done.stdout).toContain('Failed: certain slower > 5%, by render.');
  const page = await openOffline(join(cli.home, 'diff.html'));
  try {
    expect(await page.page.title()).toBe('before → after');
  } finally {
    await page.dispose();
  }
});

test('equal sides fail nothing', async () => {
  const done = await cli.run(['diff', 'before', 'again', '--fail-on', 'certain changed', '--format', 'json']);
  expect(done.code).toBe(0);
  const told = JSON.parse(done.stdout) as { causes: unknown[]; failed: unknown[]; evidence: { windows: number[] } };
  expect(told).toMatchObject({ version: 1, causes: [], failed: [], evidence: { windows: [12, 12] } });
});

test('another hash is the same function, and so is a rename that was told once', async () => {
  const hashed = await cli.run(['diff', 'hashed/before', 'hashed/after']);
  expect(hashed.stdout).toMatch(/What changed for certain\n\n {2}draw::h2{16} takes \d\d\.\d\s% more\n/);
  expect(hashed.stdout).toContain('draw::h1111111111111111 before');
  const untold = await cli.run(['diff', 'before', 'renamed']);
  expect(untold.stdout).toContain('draw is new');
  const told = /What changed for certain\n\n {2}draw takes \d\d\.\d\s% more\n/;
  expect((await cli.run(['diff', 'before', 'renamed', '--rename', 'render=draw'])).stdout).toMatch(told);
  expect((await cli.run(['diff', 'before', 'renamed'])).stdout).toMatch(told);
  const forgotten = await cli.run(['diff', 'before', 'renamed', '--forget-rename', 'render=draw']);
  expect(forgotten.stdout).toContain('draw is new');
});

test('two single profiles are compared, and nothing is certain', async () => {
  const done = await cli.run(['diff', 'before/0.pb.gz', 'after/0.pb.gz', '--format', 'markdown']);
  expect(done.code).toBe(0);
  expect(done.stdout).toMatch(/\| `render` \| .* \| may be chance \|/);
  expect(done.stdout).toContain('1 + 1 windows: fewer than 8 on a side cannot tell a change from chance');
  // A bar in a name ends no cell.
  expect(done.stdout).not.toMatch(/[^\\]\|line/);
});

test.each([
  [['diff', 'before'], 2, /Name two sides/],
  [['diff', 'before', 'after', '--fail-on', 'slow'], 2, /"slow" is no rule/],
  [['diff', 'before', 'after', '--format', 'xml'], 2, /text, markdown or json/],
  [['diff', 'before', 'after', '--rename', 'render'], 2, /"render" is no rename: say OLD=NEW/],
  [['changes', 'before'], 2, /Say what to look at/],
  [['diff', 'before', 'nowhere'], 1, /"nowhere": /],
  [['diff', 'before', 'mixed'], 1, /does not measure what the other profiles of "mixed" do/],
  [['diff', 'local{}', 'after'], 2, /does not say when/],
  [['diff', 'local{}@-1h..now', 'after'], 1, /No agent runs on local: start one/],
  [['diff', 'snapshot:none', 'after'], 1, /There is no snapshot "none"/],
])('%j is refused', async (args, code, said) => {
  const done = await cli.run(args);
  expect(done.code).toBe(code);
  expect(done.stderr).toMatch(said);
  expect(done.stdout).toBe('');
});

test('windows of a real Pyroscope are judged, with their noise', async () => {
  const { pyroscopeUrl } = inject('world');
  const pusher = new PusherClient(new Http1Transport(pyroscopeUrl, { link: undefined, headers: {} }), 'Pyroscope');
  const runs = 24;
  // Of its own: a second try would be added to what a first one pushed.
  const service = `compared-${Date.now()}`;
  const startSeconds = Math.floor(Date.now() / 1000 / seconds) * seconds - (runs + 1) * seconds;
  for (let run = 0; run < runs; run++) {
    const profile = pprof(run < runs / 2 ? before : after, startSeconds + run * seconds);
    const labels = { service_name: service };
    const pushed = await pusher.push({ labels, profileType: cpuProfileType, profile });
    expect(pushed).toEqual({ ok: true, value: null });
  }
  pusher.dispose();
  const side = (from: number, to: number): string => {
    const at = (run: number): string => new Date((startSeconds + run * seconds) * 1000).toISOString();
    return `${pyroscopeUrl}{service_name="${service}"}@${at(from)}..${at(to)}`;
  };
  const sides = [side(0, runs / 2), side(runs / 2, runs)] as const;
  const done = await cli.run(['diff', ...sides, '--fail-on', 'certain slower > 5%']);
  expect(done.stdout).toMatch(/What changed for certain\n\n {2}render takes \d\d\.\d\s% more\n/);
  expect(done.stdout).toContain('12 measurements against 12 measurements.');
  expect(done.stderr).toContain('Pyroscope has to be asked for 24 slices of 15 s, four at once.');
  expect(done.code).toBe(3);
  // The halves of one side are alike: nothing in them is certain.
  const alike = await cli.run(['diff', side(0, 10), side(2, 12), '--fail-on', 'certain changed', '--format', 'json']);
  expect(JSON.parse(alike.stdout)).toMatchObject({ causes: [], evidence: { windows: [10, 10], abstained: null } });
  expect(alike.code).toBe(0);

  // The same behind a proxy that wants a login and reads a tenant, as a pipeline asks it.
  const proxy = await startLoginProxy(pyroscopeUrl, 'ci', 'sesame');
  try {
    const behind = sides.map((each) => each.replace(pyroscopeUrl, proxy.url));
    const rule = ['--tenant', 'team-a', '--fail-on', 'certain slower > 5%'];
    const secrets = { PYROMETER_PYROSCOPE_USER: 'ci', PYROMETER_PYROSCOPE_PASSWORD: 'sesame' };
    const known = await cli.run(['diff', ...behind, ...rule, '--login', 'basic'], undefined, secrets);
    expect(known.stdout).toMatch(/What changed for certain\n\n {2}render takes /);
    expect(known.code).toBe(3);
    expect(new Set(proxy.passed.map((headers) => headers['x-scope-orgid']))).toEqual(new Set(['team-a']));
    const unsaid = await cli.run(['diff', ...behind, ...rule]);
    expect([unsaid.code, unsaid.stdout]).toEqual([1, '']);
    expect(unsaid.stderr).toMatch(/wants other credentials than it got[^]*Say --login basic, or --login bearer/);
    const untold = await cli.run(['diff', ...behind, ...rule, '--login', 'bearer']);
    expect(untold.stderr).toMatch(/was not told a token[^]*PYROMETER_PYROSCOPE_TOKEN/);
    expect(untold.code).toBe(1);
  } finally {
    await proxy.dispose();
  }
}, 300_000);

test('two ranges of a running agent are compared', async () => {
  const world = inject('world');
  const replay = await startReplay({
    worldPath: world.path,
    uid: world.users.desk.uid,
    seed: 7,
    endMs: Date.parse('2026-03-04T12:00:00Z'),
    minutes: 20,
  });
  try {
    const side = (from: string, to: string): string =>
      `local{service_name="revel_web"}@2026-03-04T${from}:00Z..2026-03-04T${to}:00Z`;
    const done = await cli.run(['diff', side('11:40', '11:50'), side('11:50', '12:00')]);
    expect(done.stdout).toMatch(/What changed for certain\n\n {2}customer_name /);
    expect(done.stdout).toContain('40 measurements against 40 measurements.');
    expect(done.code).toBe(0);
    const moments = await cli.run(['changes', side('11:40', '12:00')]);
    expect(moments.stdout).toMatch(
      /\n2026-03-04T11:50:00\.000Z, when revel_web was deployed\n {2}customer_name takes /,
    );
    expect(moments.code).toBe(0);
    const quiet = await cli.run(['changes', side('11:40', '11:50'), '--json']);
    expect(JSON.parse(quiet.stdout)).toMatchObject({ version: 1, windows: 40, changes: [] });
    const short = await cli.run(['changes', side('11:40', '11:42')]);
    expect(short.stdout).toContain('Fewer than 16 windows cannot tell a change from chance');
  } finally {
    await replay.dispose();
  }
});

test('two ranges of an agent on a server are compared', async () => {
  const world = inject('world');
  const { host, port, hostPublicKey } = world.sshd;
  cli.write('.ssh/known_hosts', `[${host}]:${port} ${hostPublicKey}\n`);
  const server = `pyro@${host}:${port}`;
  const side = (from: string, to: string): string =>
    `${server}{service_name="revel_web"}@2026-03-04T${from}:00Z..2026-03-04T${to}:00Z`;
  const asked = ['diff', side('11:40', '11:50'), side('11:50', '12:00'), '--identity', world.keys.ed25519];
  const without = await cli.run(asked);
  expect(without.stderr).toContain(`No agent runs on ${server}`);
  expect(without.code).toBe(1);
  const replay = await startReplay({
    worldPath: world.path,
    uid: world.users.pyro.uid,
    seed: 7,
    endMs: Date.parse('2026-03-04T12:00:00Z'),
    minutes: 20,
  });
  try {
    const done = await cli.run([...asked, '--fail-on', 'certain slower > 2%']);
    expect(done.stdout).toMatch(/What changed for certain\n\n {2}customer_name /);
    expect(done.stdout).toContain('40 measurements against 40 measurements.');
    expect(done.code).toBe(3);
  } finally {
    await replay.dispose();
  }
});

test('help tells of it', async () => {
  expect((await cli.run(['help'])).stdout).toContain('npm start -- diff BEFORE AFTER');
});
