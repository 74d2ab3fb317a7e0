import { appendFileSync, copyFileSync, mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Profile } from 'pprof-format';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Result } from '../../src/contract/result';
import { TargetSession } from '../../src/engine/deploy/session';
import { HostKeys } from '../../src/engine/link/host-keys';
import { silentPrompter } from '../../src/engine/link/prompter';
import { repositoryFolder } from '../world/support/places';
import { tryRun, type Finished } from '../world/support/run';
import { waitFor } from '../world/support/wait';
import { bootGuest, type Guest } from './guest';
import { guestImage, type GuestImage } from './guest-image';

// Another kernel than this machine's, with kprobes, cgroup v2 alone, and systemd as its first process.

const home = mkdtempSync(join(tmpdir(), 'pyrometer-kernels-'));
const known = join(home, '.ssh/known_hosts');
let guest: Guest;

beforeAll(async () => {
  const image = await guestImage((line) => {
    console.log(line);
  });
  mkdirSync(join(home, '.ssh'), { mode: 0o700 });
  writeFileSync(known, '');
  await boot(image);
}, 900_000);

async function boot(image: GuestImage): Promise<void> {
  guest = await bootGuest(image, known);
  appendFileSync(known, `[127.0.0.1]:${guest.port} ${image.hostPublicKey}\n`);
}

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
  // Three sigma of a share at so many samples, and three points: an emulated CPU rests whenever its host has other work, and the
  // functions take turns by the clock.
  for (const [name, percent] of [
    ['seventy', 70],
    ['twenty', 20],
    ['ten', 10],
  ] as const) {
    expect(Math.abs(share(name) - percent), name).toBeLessThan(
      3 + 300 * Math.sqrt(((percent / 100) * (1 - percent / 100)) / total),
    );
  }
});

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}

function makeSession(startsAtBoot = false): TargetSession {
  return new TargetSession({
    config: {
      kind: 'ssh',
      id: 'guest',
      name: 'guest',
      host: '127.0.0.1',
      port: guest.port,
      user: 'pyro',
      authentication: { method: 'key', path: guest.image.keyFile },
      ...(startsAtBoot ? { startsAtBoot } : {}),
    },
    prompter: silentPrompter,
    hostKeys: new HostKeys(known, []),
    resourcesDir: join(repositoryFolder, 'resources'),
    windowSeconds: 5,
    onChange: () => undefined,
  });
}

function sampled(session: TargetSession): Promise<true> {
  return waitFor('a window', () => ((session.state.agent.status?.windowsStored ?? 0) > 0 ? true : undefined), {
    timeoutMs: 120_000,
  });
}

/** The units of ours that systemd knows, by name and state. */
async function units(): Promise<readonly string[]> {
  // Without a message bus in the guest only root is answered.
  const { code, stdout, stderr } = await guest.sh('sudo systemctl list-units --all --plain --no-legend "pyrometer*"');
  if (code !== 0) throw new Error(`systemctl in the guest: ${stderr}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.trim().split(/\s+/).slice(0, 4).join(' '));
}

async function noUnits(): Promise<void> {
  let left: readonly string[] = [];
  const none = async (): Promise<true | undefined> => {
    left = await units();
    return left.length === 0 ? true : undefined;
  };
  await waitFor('the units to go', none, { timeoutMs: 60_000 }).catch(() => {
    expect(left).toEqual([]);
  });
}

const limits = 'CPUQuotaPerSecUSec=1s\nMemoryMax=805306368\nOOMScoreAdjust=500\n';
const showLimits = (unit: string): string =>
  `sudo systemctl show ${unit} -p CPUQuotaPerSecUSec -p MemoryMax -p OOMScoreAdjust | sort`;

test('it is a unit with limits, its keeper stands beside it, and both go with it', async () => {
  const session = makeSession();
  try {
    value(await session.agent.start('continuous'));
    await sampled(session);
    const seen = await units();
    expect(seen).toHaveLength(2);
    expect(seen).toContain('pyrometer-agent-once.service loaded active running');
    expect(seen.join('\n')).toMatch(/^pyrometer-keeper-\d+\.scope loaded active running$/m);
    expect((await guest.sh(showLimits('pyrometer-agent-once.service'))).stdout).toBe(limits);
    value(await session.agent.stop(false));
    await noUnits();
    // The unit is ended by systemd, and the keeper lives to clear up.
    value(await session.agent.start('continuous'));
    expect((await guest.sh('sudo systemctl kill --signal=KILL pyrometer-agent-once.service')).code).toBe(0);
    await noUnits();
    expect((await guest.sh('sudo ls /run/pyrometer | grep sock$')).stdout).toBe('');
  } finally {
    session.dispose();
  }
});

test('a first start that was to come back and fails leaves no unit', async () => {
  // The port of sshd: the agent finds out when it is a unit already.
  const failed = await guest.sh(
    'sudo "$(ls ~/.cache/pyrometer/agent/*/pyrometer-agent)" start --at-boot --metrics-listen 127.0.0.1:22',
  );
  expect(failed).toMatchObject({ code: 1 });
  expect(failed.stdout).toContain('"state":"failed"');
  expect(
    (await guest.sh('ls -d /etc/systemd/system/*pyrometer* /etc/systemd/system/*/*pyrometer* /opt/pyrometer')).stdout,
  ).toBe('');
  await noUnits();
});

test('where that is chosen it comes back after a reboot, until it is stopped', async () => {
  const before = makeSession(true);
  try {
    value(await before.agent.start('continuous'));
    await sampled(before);
    expect(before.state.agent.status?.startsAtBoot).toBe(true);
    expect(await units()).toContain('pyrometer-agent.service loaded active running');
    expect((await guest.sh('sudo systemctl is-enabled pyrometer-agent.service')).stdout).toBe('enabled\n');
    expect((await guest.sh(showLimits('pyrometer-agent.service'))).stdout).toBe(limits);
    expect(value(await before.leftovers()).map(({ kind, path }) => `${kind} ${path}`)).toEqual(
      expect.arrayContaining(['unit /etc/systemd/system/pyrometer-agent.service', 'program /opt/pyrometer']),
    );
  } finally {
    before.dispose();
  }
  // The guest's disk is memory: what a real one would keep is laid over the root of the next boot.
  const kept = join(home, 'kept.cpio');
  await guest.archive(['/etc/systemd/system', '/opt/pyrometer', '/var/lib/pyrometer', '/home/pyro/.cache'], kept);
  const rootFile = join(home, 'root.cpio');
  copyFileSync(guest.image.rootFile, rootFile);
  appendFileSync(rootFile, readFileSync(kept));
  const { image } = guest;
  await guest.dispose();
  await boot({ ...image, rootFile });

  const after = makeSession(true);
  try {
    await waitFor(
      'the agent to be back',
      async () => {
        value(await after.connect());
        return after.state.agent.state === 'profiling' ? true : undefined;
      },
      { timeoutMs: 180_000, everyMs: 2000 },
    );
    await sampled(after);
    expect(await units()).toContain('pyrometer-agent.service loaded active running');
    value(await after.agent.stop(false));
    await waitFor(
      'the unit to end',
      async () => ((await units()).some((unit) => unit.includes(' active ')) ? undefined : true),
      { timeoutMs: 60_000 },
    );
    // Who cleared up may not tell systemd, which has forgotten the unit when it reads its units the next time.
    await guest.sh('sudo systemctl daemon-reload');
    await noUnits();
    expect(
      (await guest.sh('ls -d /etc/systemd/system/*pyrometer* /etc/systemd/system/*/*pyrometer* /opt/pyrometer')).stdout,
    ).toBe('');
  } finally {
    after.dispose();
  }
}, 1_200_000);

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
