import { linksCalls, type LinksCalls, type LinksEvents, type SnapshotRow } from '../../contract/links.js';
import { checkIds, type Check, type CheckId } from '../../contract/check.js';
import { defaultNaming, everything } from '../../contract/profiled.js';
import type { Rename } from '../../contract/matching.js';
import type { Receipt } from '../../contract/receipt.js';
import { fail, ok } from '../../contract/result.js';
import { serve, type Handlers, type Port, type Server } from '../../contract/rpc.js';
import { cpuProfileType } from '../../contract/selection.js';
import type { AgentState, AgentStatus, TargetState } from '../../contract/target.js';
import type { TunnelState } from '../../contract/tunnels.js';
import { inventCode } from './invented-code.js';
import { inventLog } from './invented-log.js';
import { inventRunning } from './invented-running.js';
import { inventCourses, inventServices, inventTimeline } from './invented-services.js';
import { inventTrust } from './invented-trust.js';
import { inventVerification } from './invented-verification.js';
import { inventSuggestions, inventTunnel, inventTunnels } from './invented-tunnels.js';

/** What the development page pretends. */
export interface Scenario {
  /** State of the servers and of this computer. */
  readonly targets: readonly TargetState[];
  readonly snapshots: readonly SnapshotRow[];
  /** How long a fetch takes. */
  readonly fetchMs: number;
  readonly fetchFails: boolean;
  readonly hostile: boolean;
}

const inventedStatus: Omit<AgentStatus, 'windowClosesAtMs' | 'lastWindowEndMs' | 'startedAtMs'> = {
  version: '0.1.0',
  hostname: 'web-1',
  kernel: '6.1.0-26-amd64',
  cpuCount: 8,
  sampleRateHz: 97,
  choice: everything,
  naming: defaultNaming,
  windowSeconds: 15,
  windowsStored: 212,
  leaseExpiresAtMs: 0,
  clockAheadMs: 0,
  processCpuCores: 0.008,
  bpfCpuCores: 0.024,
  residentBytes: 64e6,
  storeBytes: 12e6,
  counters: [
    { name: 'samples', value: 1_204_111 },
    { name: 'samples_lost', value: 0 },
    { name: 'windows_lost', value: 0 },
  ],
  docker: { reachable: true, message: '', containers: 6 },
  pushes: [
    {
      url: 'http://localhost:4040',
      tenant: '',
      authentication: 'none',
      ownCa: false,
      error: '',
      windowsPushed: 212,
      windowsWaiting: 0,
      windowsTooOld: 0,
      windowsRefused: 0,
      lastSuccessAtMs: Date.now() - 4000,
      series: 31,
      seriesForecast: 31,
      labelsLeftOut: [],
    },
    {
      url: 'https://profiles.example.com',
      tenant: 'team-a',
      authentication: 'bearer',
      ownCa: true,
      error: 'https://profiles.example.com does not let the agent in (401): check the credentials and the tenant.',
      windowsPushed: 0,
      windowsWaiting: 212,
      windowsTooOld: 1204,
      windowsRefused: 2,
      lastSuccessAtMs: 0,
      series: 3010,
      seriesForecast: 4810,
      labelsLeftOut: ['container_id', 'image_digest'],
    },
  ],
  ingestAddress: '',
  debuginfod: [],
  startsAtBoot: false,
};

/** A status whose window closes in a few seconds. */
export function inventStatus(overrides: Partial<AgentStatus> = {}): AgentStatus {
  const now = Date.now();
  return {
    ...inventedStatus,
    startedAtMs: now - 3_600_000,
    windowClosesAtMs: now + 6000,
    lastWindowEndMs: now - 9000,
    ...overrides,
  };
}

/** An in-page stand-in for the links process; it invents everything it answers. */
export function serveFakeLinks(port: Port, scenario: Scenario): Server<LinksEvents> {
  let targets = [...scenario.targets];
  let snapshots = [...scenario.snapshots];
  let renames: readonly Rename[] = [];
  let nextProfile = 1;
  const change = (targetId: string, agent: Partial<AgentState>, link?: TargetState['link']): void => {
    targets = targets.map((target) =>
      target.config.id === targetId
        ? { ...target, agent: { ...target.agent, ...agent }, ...(link === undefined ? {} : { link }) }
        : target,
    );
    const target = targets.find((other) => other.config.id === targetId);
    if (target !== undefined) server.emit('target.changed', { target });
  };
  const changeStatus = (targetId: string, status: Partial<AgentStatus>): void => {
    const before = targets.find(({ config }) => config.id === targetId)?.agent.status;
    if (before !== undefined) change(targetId, { status: { ...before, ...status } });
  };
  const tunnels = new Map([['web-1', inventTunnels(scenario.hostile)]]);
  const changeTunnels = (targetId: string, next: (list: readonly TunnelState[]) => readonly TunnelState[]): void => {
    const list = next(tunnels.get(targetId) ?? []);
    tunnels.set(targetId, list);
    server.emit('tunnels.changed', { targetId, tunnels: list });
  };
  const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const start = async (targetId: string, recording: boolean): Promise<void> => {
    const steps = [
      'Look at the kernel',
      'Compare versions',
      'Upload the agent',
      'Verify its checksum',
      'Start it',
      'Wait for its socket',
      'Ask for its status',
    ];
    for (const [index, text] of steps.entries()) {
      change(targetId, { state: 'starting', recording, step: { number: index + 1, of: steps.length, text } });
      await wait(250);
    }
    change(targetId, { state: 'profiling', recording, status: inventStatus() });
    setInterval(() => {
      change(targetId, { status: inventStatus({ windowClosesAtMs: Date.now() + 15_000 }) });
      server.emit('window.stored', { targetId, endMs: Date.now() });
    }, 15_000);
  };
  const endedEarly = new Set<string>();
  const handlers: Handlers<LinksCalls> = {
    'targets.list': () => ok(targets),
    'targets.save': ({ config }) => {
      const target: TargetState = {
        config,
        link: { state: 'disconnected' },
        agent: { state: 'unknown', recording: false },
        pyroscope: { state: 'none' },
      };
      targets = [...targets.filter((other) => other.config.id !== config.id), target];
      return ok(target);
    },
    'targets.remove': ({ targetId }) => {
      targets = targets.filter((target) => target.config.id !== targetId);
      return ok(null);
    },
    'targets.findEngines': () => ok(null),
    'targets.test': async ({ config }) => {
      await wait(600);
      if (config.kind === 'ssh' && config.host.includes('bad')) {
        return fail(
          'unreachable',
          `There is no host called ${config.host}. Look at the spelling, or use its address.`,
          'getaddrinfo ENOTFOUND\n    at resolve (dns.js)',
        );
      }
      return ok({
        latencyMs: 12,
        system: 'Linux 6.1.0-26-amd64 x86_64',
        agent: { possible: true, message: 'The agent can be started: sudo without a password, eBPF is there.' },
      });
    },
    'targets.setPyroscope': ({ targetId, pyroscope }) => {
      targets = targets.map((target) => {
        if (target.config.id !== targetId) return target;
        const config = { ...target.config };
        delete config.pyroscope;
        return {
          ...target,
          config: pyroscope === null ? config : { ...config, pyroscope },
          pyroscope: { state: pyroscope === null ? ('none' as const) : ('ok' as const) },
        };
      });
      const target = targets.find((other) => other.config.id === targetId);
      return target === undefined ? fail('not-found', 'There is no such target.') : ok(target);
    },
    'sshConfig.list': () =>
      ok({
        file: '/home/ada/.ssh/config',
        names: ['bastion', 'build-1', 'db-1', 'db-2', 'shop-eu', 'shop-us', 'staging', 'web-1', 'web-2'],
        unusable: 1,
      }),
    'sshConfig.resolve': async ({ name }) => {
      await wait(400);
      const agent = { method: 'agent' } as const;
      return ok({
        name,
        hop: {
          host: `${name}.example.com`,
          port: 22,
          user: 'deploy',
          authentication: { method: 'key', path: '~/.ssh/deploy' },
        },
        jumps:
          name === 'bastion' ? [] : [{ host: 'bastion.example.com', port: 2222, user: 'ada', authentication: agent }],
        ...(name === 'bastion' ? { openssh: { host: name, why: 'ProxyCommand' } } : {}),
      });
    },
    'link.connect': async ({ targetId }) => {
      change(targetId, {}, { state: 'connecting', message: 'Asking for the host key' });
      await wait(400);
      change(targetId, { state: 'not-installed' }, { state: 'connected', latencyMs: 12 });
      return ok(null);
    },
    'link.disconnect': ({ targetId }) => {
      change(targetId, { state: 'unknown' }, { state: 'disconnected' });
      return ok(null);
    },
    'tunnels.list': () => ok([...tunnels].map(([targetId, list]) => ({ targetId, tunnels: list }))),
    'tunnels.open': async ({ targetId, tunnel }) => {
      await wait(200);
      const opened = inventTunnel(nextProfile++, tunnel);
      changeTunnels(targetId, (list) => [...list, opened]);
      return ok(opened);
    },
    'tunnels.close': ({ targetId, tunnelId }) => {
      changeTunnels(targetId, (list) => list.filter(({ config }) => config.id !== tunnelId));
      return ok(null);
    },
    'tunnels.suggest': async () => {
      await wait(300);
      return ok(inventSuggestions(scenario.hostile));
    },
    'prompt.answer': () => ok(null),
    'agent.start': async ({ targetId }) => {
      await start(targetId, false);
      return ok(null);
    },
    'agent.stop': async ({ targetId }) => {
      change(targetId, { state: 'stopping' });
      await wait(400);
      change(targetId, { state: 'stopped' });
      return ok(null);
    },
    'agent.restart': async ({ targetId }) => {
      await start(targetId, false);
      return ok(null);
    },
    'agent.followLog': async ({ requestId }, signal) => {
      await wait(50);
      server.emit('log.lines', { requestId, lines: inventLog(scenario.hostile), skipped: 0 });
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
      return fail('cancelled', 'Cancelled.');
    },
    'target.check': async ({ checkId }) => {
      await wait(200 + 60 * checkIds.indexOf(checkId));
      return ok(inventCheck(checkId));
    },
    'target.receipt': () => ok(inventReceipt()),
    'agent.processes': ({ targetId, proposed }) => {
      const choice = targets.find(({ config }) => config.id === targetId)?.agent.status?.choice ?? everything;
      return ok(inventRunning(choice, proposed));
    },
    'agent.choose': ({ targetId, choice }) => {
      changeStatus(targetId, { choice });
      return ok(null);
    },
    'agent.setSampling': ({ targetId, change: { rateHz, burstSeconds, windowSeconds } }) => {
      const endsAtMs = Date.now() + burstSeconds * 1000;
      changeStatus(targetId, {
        sampleRateHz: rateHz,
        ...(windowSeconds === 0 ? {} : { windowSeconds }),
        ...(burstSeconds === 0 ? {} : { burst: { endsAtMs, returnsToHz: 97 } }),
      });
      return ok(null);
    },
    'agent.setNaming': ({ targetId, naming }) => {
      changeStatus(targetId, { naming });
      return ok(null);
    },
    'targets.setNaming': ({ targetId, naming }) => {
      const target = targets.find((other) => other.config.id === targetId);
      if (target === undefined) return fail('not-found', 'That target is not in the list any more.');
      const changed: TargetState = { ...target, config: { ...target.config, naming } };
      targets = targets.map((other) => (other.config.id === targetId ? changed : other));
      return ok(changed);
    },
    'push.set': () => ok(null),
    'push.remove': () => ok(null),
    'leftovers.list': () =>
      ok([
        {
          kind: 'binary',
          path: '/home/deploy/.cache/pyrometer/agent/0.1.0',
          byteLength: 29e6,
          contents: ['pyrometer-agent'],
        },
        { kind: 'process', path: '4711 pyrometer-agent run' },
        { kind: 'store', path: '/var/lib/pyrometer' },
        { kind: 'sockets', path: '/run/pyrometer' },
      ]),
    'leftovers.remove': async ({ targetId }) => {
      await wait(400);
      change(targetId, { state: 'not-installed' });
      return ok([]);
    },
    'times.record': async ({ requestId, seconds }) => {
      for (let passed = 0; passed < seconds && !endedEarly.has(requestId); passed += seconds / 4) {
        server.emit('times.progress', { requestId, seconds: passed, samples: passed * 150 });
        await wait(400);
      }
      return ok({ profile: { profileId: 'recorded-1', byteLength: 90_000, title: 'Everything on web-1' }, notes: [] });
    },
    'times.end': ({ requestId }) => {
      endedEarly.add(requestId);
      return ok(null);
    },
    'memory.processes': async () => {
      await wait(400);
      return ok([
        { pid: 4101, parentPid: 1, command: 'gunicorn: master [shop]', version: '3.11', user: 'app' },
        { pid: 4107, parentPid: 4101, command: 'gunicorn: worker [shop]', version: '3.11', user: 'app', threads: 4 },
      ]);
    },
    'memory.record': async () => {
      await wait(400);
      return ok(null);
    },
    'record.start': async ({ targetId }) => {
      await start(targetId, true);
      return ok(null);
    },
    'record.stop': async ({ targetId }) => {
      change(targetId, { state: 'stopping' });
      await wait(400);
      change(targetId, { state: 'stopped' });
      return ok(null);
    },
    'source.services': () => ok(inventServices(scenario.hostile)),
    'source.trust': () =>
      scenario.fetchFails
        ? fail('agent-not-running', 'The connection to the agent broke.', 'read ECONNRESET')
        : ok(inventTrust(scenario.hostile)),
    'agent.verify': async ({ requestId }) => {
      for (const seconds of [0, 7, 14]) {
        server.emit('verify.progress', { requestId, progress: { step: 'sampling', seconds, of: 20 } });
        await wait(scenario.fetchMs * 10);
      }
      return ok(inventVerification(scenario.hostile ? 'differs' : 'agrees', scenario.hostile));
    },
    'source.profileTypes': ({ source }) =>
      ok(source === 'agent' ? [cpuProfileType] : [cpuProfileType, 'memory:alloc_space:bytes:space:bytes']),
    'source.timeline': ({ selection, stepMs }) => ok(inventTimeline(selection, stepMs, scenario.hostile)),
    'source.courses': ({ selection, stepMs }) => ok(inventCourses(selection, stepMs, scenario.hostile)),
    'source.labels': () => ok([{ name: 'container', values: ['web-1', 'web-2'] }]),
    'source.knownLabels': () =>
      ok([
        { name: 'container', values: ['web-1', 'web-2'] },
        { name: 'pid', values: ['4217', '4218', '4219'] },
        { name: 'service_name', values: inventServices(scenario.hostile).map(({ name }) => name) },
      ]),
    'source.turnovers': () => ok({ stepMs: 15_000, turnovers: [], starts: [] }),
    'windows.cost': () => ok({ windows: 0, requests: 0, windowMs: 15_000 }),
    'windows.fetch': () => fail('unsupported', 'Invented services have no windows.'),
    'work.count': ({ counter }) =>
      counter.query.includes('requests')
        ? ok({ baseline: 12_000, comparison: 13_500 })
        : fail('not-found', 'Prometheus has no data for this expression in A: check names, labels and the time.'),
    'source.fetch': async ({ selection }) => {
      await wait(scenario.fetchMs);
      if (scenario.fetchFails) {
        return fail(
          'pyroscope-error',
          'Pyroscope answered with an error. Look at its log, or ask for a shorter range.',
          'HTTP 500 internal server error\nrange too long',
        );
      }
      const service = /"(.+)"/.exec(selection.selector)?.[1] ?? 'all services';
      return ok({ profileId: `p-${nextProfile++}`, byteLength: 2_650_000, title: `${service} on web-1` });
    },
    'profile.release': () => ok(null),
    'snapshots.list': () => ok(snapshots),
    'snapshots.save': ({ title, notes, view, profiles }) => {
      const row = {
        snapshotId: `s-${snapshots.length + 1}`,
        title,
        notes,
        createdAtMs: Date.now(),
        view,
        profiles: profiles.length,
      };
      snapshots = [...snapshots, row];
      return ok(row);
    },
    'snapshots.open': ({ snapshotId }) => {
      const row = snapshots.find((snapshot) => snapshot.snapshotId === snapshotId);
      if (row === undefined) return fail('not-found', 'This snapshot is gone.');
      const profiles = Array.from({ length: row.profiles }, (_, index) => ({
        profileId: `snap-${snapshotId}-${index}`,
        byteLength: 1000,
        title: row.title,
      }));
      return ok({ row, profiles });
    },
    'code.read': ({ file, selection }) => ok(inventCode(file, selection?.endMs ?? Date.now())),
    'code.folders': () => ok([]),
    'code.setPrefix': () => ok([]),
    'code.forgetFolder': () => ok([]),
    'renames.list': () => ok(renames),
    'renames.tell': ({ rename }) => {
      renames = [...renames, rename];
      return ok(renames);
    },
    'renames.forget': ({ rename }) => {
      renames = renames.filter(({ from, to }) => from.name !== rename.from.name || to.name !== rename.to.name);
      return ok(renames);
    },
    'snapshots.remove': ({ snapshotId }) => {
      snapshots = snapshots.filter((snapshot) => snapshot.snapshotId !== snapshotId);
      return ok(null);
    },
  };
  const server = serve<LinksCalls, LinksEvents>(port, linksCalls, handlers, (error) => {
    console.error(error);
  });
  return server;
}

function inventCheck(id: CheckId): Check {
  if (id === 'docker') {
    return {
      id,
      state: 'warning',
      found: 'deploy may not use /var/run/docker.sock',
      advice:
        'Containers are listed once the agent runs, which may: to see them before, add the user to the group "docker".',
    };
  }
  if (id === 'lockdown') {
    return {
      id,
      state: 'refused',
      found: 'confidentiality',
      advice: 'The kernel forbids BPF programs to read memory: boot with lockdown=integrity, or with Secure Boot off.',
    };
  }
  return { id, state: 'ok', found: id === 'kernel' ? '6.1.0-26-amd64' : 'as it should be' };
}

function inventReceipt(): Receipt {
  const titles = ['Looks at the target; changes nothing.', 'Compares what arrived with what was sent.'];
  const entries = titles.map((title, index) => ({
    number: index + 1,
    atMs: Date.now() - 60_000 + 1000 * index,
    kind: 'ran' as const,
    title,
    asRoot: index === 1,
    command: `sh -c '\n# ${title}\nuname -a'`,
    outcome: 'exit 0',
  }));
  return { entries, forgotten: 0, text: entries.map(({ command }) => command).join('\n') };
}
