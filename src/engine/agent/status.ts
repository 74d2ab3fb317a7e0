import type { PushState } from '../../contract/push.js';
import type { AgentBudget, AgentState, AgentStatus } from '../../contract/target.js';
import { State, type Budget, type PushStatus, type Status } from '../gen/agent/v1/agent_pb.js';

/** The agent's account of itself, as the contract has it; `nowMs`: this computer's clock when it came. */
export function toAgentStatus(status: Status, nowMs: number): AgentStatus {
  return {
    version: status.version,
    hostname: status.hostname,
    kernel: status.kernel,
    cpuCount: status.cpuCount,
    startedAtMs: Number(status.startedAt),
    sampleRateHz: status.sampleRateHz,
    ...(status.burstEndsAt === 0n
      ? {}
      : { burst: { endsAtMs: Number(status.burstEndsAt), returnsToHz: status.burstReturnsToHz } }),
    choice: {
      containerIds: status.selection?.containerIds ?? [],
      pids: status.selection?.pids ?? [],
      services: status.selection?.services ?? [],
    },
    naming: {
      labels: status.naming?.labels.map(({ name, value }) => ({ name, value })) ?? [],
      leadingSlash: status.naming?.leadingSlash ?? false,
      relabelConfigs: status.naming?.relabelConfigs ?? '',
    },
    windowSeconds: status.windowSeconds,
    windowClosesAtMs: Number(status.windowClosesAt),
    lastWindowEndMs: Number(status.lastWindowEnd),
    windowsStored: Number(status.windowsStored),
    leaseExpiresAtMs: Number(status.leaseExpiresAt),
    ...(status.removalAt === 0n
      ? {}
      : { kept: { unrenewedSinceMs: Number(status.unrenewedSince), untilMs: Number(status.removalAt) } }),
    ...(status.time === 0n ? {} : { clockAheadMs: Number(status.time) - nowMs }),
    processCpuCores: status.overhead?.processCpuCores ?? 0,
    bpfCpuCores: status.overhead?.bpfCpuCores ?? -1,
    residentBytes: Number(status.overhead?.residentBytes ?? 0n),
    ...(status.budget === undefined ? {} : { budget: toBudget(status, status.budget) }),
    storeBytes: Number(status.storeBytes),
    counters: status.counters.map((counter) => ({ name: counter.name, value: Number(counter.value) })),
    docker: {
      reachable: status.docker?.reachable ?? false,
      message: status.docker?.message ?? '',
      containers: status.docker?.containers ?? 0,
    },
    pushes: status.pushes.map(toPushState),
    ingestAddress: status.ingestAddress,
    debuginfod: [...status.debuginfod],
    startsAtBoot: status.startsAtBoot,
  };
}

function toPushState(status: PushStatus): PushState {
  const { authentication } = status;
  return {
    url: status.url,
    tenant: status.tenant,
    authentication: authentication === 'basic' || authentication === 'bearer' ? authentication : 'none',
    ownCa: status.ownCa,
    error: status.error,
    windowsPushed: Number(status.windowsPushed),
    windowsWaiting: Number(status.windowsWaiting),
    windowsTooOld: Number(status.windowsTooOld),
    windowsRefused: Number(status.windowsRefused),
    lastSuccessAtMs: Number(status.lastSuccessAt),
    series: Number(status.series),
    seriesForecast: Number(status.seriesForecast),
    labelsLeftOut: [...status.labelsLeftOut],
  };
}

function toBudget({ overhead }: Status, budget: Budget): AgentBudget {
  return {
    machinePercent: budget.machinePercent,
    memoryBytes: Number(budget.memoryBytes),
    meanMachinePercent: budget.meanMachinePercent,
    meanMemoryBytes: Number(budget.meanMemoryBytes),
    wantedRateHz: budget.wantedRateHz,
    bpfMapBytes: Number(overhead?.bpfMapBytes ?? 0n),
    diskBytesPerSecond: overhead?.diskBytesPerSecond ?? 0,
    networkBytesPerSecond: overhead?.networkBytesPerSecond ?? 0,
  };
}

/**
 * The state that a running agent's account amounts to, for the holder of a lease. `recording` is whether that holder has one
 * by its own account: the agent's may be older than the lease.
 */
export function toAgentState(status: Status, holder: string, recording: boolean, nowMs: number): AgentState {
  const heldBy = status.leases.filter((lease) => lease.holder !== holder).map((lease) => lease.description);
  const common = { recording, status: toAgentStatus(status, nowMs), ...(heldBy.length === 0 ? {} : { heldBy }) };
  const said = status.message === '' ? {} : { message: status.message };
  switch (status.state) {
    case State.STARTING:
      return { state: 'starting', ...said, ...common };
    case State.PROFILING:
      return { state: 'profiling', ...said, ...common };
    case State.KEPT:
      // Whoever held a lease has none any more.
      return { state: 'kept', ...said, ...common, recording: false };
    case State.STOPPING:
      return { state: 'stopping', ...said, ...common };
    case State.FAILED:
      return { state: 'failed', ...said, ...common };
    case State.UNSPECIFIED:
      return { state: 'unknown', ...said, ...common };
  }
}
