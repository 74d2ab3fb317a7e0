import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Profile } from 'pprof-format';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { repositoryFolder } from '../world/support/places';
import { tryRun, type Finished } from '../world/support/run';
import { bootGuest, type Guest } from './guest';
import { guestImage } from './guest-image';

// Another kernel than this machine's, with kprobes, cgroup v2 alone, and systemd as its first process.

const home = mkdtempSync(join(tmpdir(), 'pyrometer-kernels-'));
let guest: Guest;

beforeAll(async () => {
  const image = await guestImage((line) => {
    console.log(line);
  });
  mkdirSync(join(home, '.ssh'), { mode: 0o700 });
  const known = join(home, '.ssh/known_hosts');
  guest = await bootGuest(image, known);
  writeFileSync(known, `[127.0.0.1]:${guest.port} ${image.hostPublicKey}\n`);
}, 900_000);

afterAll(async () => {
  await (guest as Guest | undefined)?.dispose();
  rmSync(home, { recursive: true, force: true });
});

function pyrometer(...args: readonly string[]): Promise<Finished> {
  const [command, ...rest] = args;
  return tryRun(
    process.execPath,
    [join(repositoryFolder, 'out/main/cli.js'), command ?? '', ...rest, '--identity', guest.image.keyFile],
    { cwd: home, env: { HOME: home, SSH_AUTH_SOCK: '' }, timeoutMs: 300_000 },
  );
}

const target = (): string => `pyro@127.0.0.1:${guest.port}`;

test('the guest runs another kernel, with systemd as its first process', async () => {
  const { stdout, stderr } = await guest.sh(
    'uname -r; cat /proc/1/comm; stat -fc %T /sys/fs/cgroup; ls -d /sys/bus/event_source/devices/kprobe',
  );
  expect(stdout.split('\n'), stderr).toEqual([
    guest.image.release,
    'systemd',
    'cgroup2fs',
    '/sys/bus/event_source/devices/kprobe',
    '',
  ]);
  expect(guest.image.release).not.toBe(release());
});

test('the agent starts there and samples a service of systemd, its stacks named from the kernel to the script', async () => {
  const done = await pyrometer('record', target(), '--seconds', '20', '--service', 'split', '--out', 'split.pb.gz');
  expect(done, `${done.stderr}\n${guest.console().slice(-2000)}`).toMatchObject({ code: 0 });
  const cpu = functionsOf(join(home, 'split.pb.gz'));
  const total = cpu.get('') ?? 0;
  const share = (name: string): number => (100 * (cpu.get(name) ?? 0)) / total;
  console.log(
    `samples ${total.toFixed(0)}, seventy ${share('seventy').toFixed(1)} %, twenty ${share('twenty').toFixed(1)} %, ten ${share('ten').toFixed(1)} %`,
  );
  expect(total).toBeGreaterThan(500);
  // Three sigma of a share at so many samples, and a point.
  for (const [name, percent] of [
    ['seventy', 70],
    ['twenty', 20],
    ['ten', 10],
  ] as const) {
    expect(Math.abs(share(name) - percent), name).toBeLessThan(
      1 + 300 * Math.sqrt(((percent / 100) * (1 - percent / 100)) / total),
    );
  }
});

test('all of it is removed', async () => {
  const done = await pyrometer('agent', 'remove', target(), '--yes');
  expect(done, done.stderr).toMatchObject({ code: 0 });
  const { stdout } = await guest.sh(
    'sudo find / -xdev -iname "*pyrometer*" -not -path "/proc/*" -not -path "/sys/*"; systemctl list-units --all --no-legend "*pyrometer*"; pgrep -af pyrometer-agent | grep -v pgrep',
  );
  expect(stdout.trim()).toBe('');
});

/** The samples of a pprof that have a function on their stack, by its name; those of all under "". */
function functionsOf(path: string): ReadonlyMap<string, number> {
  const profile = Profile.decode(gunzipSync(readFileSync(path)));
  const { strings } = profile.stringTable;
  const nameOf = new Map(profile.function.map((each) => [each.id, strings[Number(each.name)] ?? '']));
  const namesOf = new Map(
    profile.location.map((each) => [each.id, each.line.map((line) => nameOf.get(line.functionId) ?? '')]),
  );
  const samples = new Map<string, number>();
  for (const { locationId, value } of profile.sample) {
    const names = new Set(['', ...locationId.flatMap((id) => namesOf.get(id) ?? [])]);
    for (const name of names) samples.set(name, (samples.get(name) ?? 0) + Number(value[0]) / Number(profile.period));
  }
  return samples;
}
