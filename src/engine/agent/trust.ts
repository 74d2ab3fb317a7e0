import { ok, type Result } from '../../contract/result.js';
import type { Selection } from '../../contract/selection.js';
import type { Fates, Trust } from '../../contract/trust.js';
import type { Fates as WireFates, GetTrustResponse } from '../gen/agent/v1/agent_pb.js';
import { agentFailure, type AgentConnection } from './agent-connection.js';

/** How far the samples of a selection can be believed, by the agent itself. */
export async function agentTrust(
  agent: Pick<AgentConnection, 'client'>,
  { selector, startMs, endMs }: Pick<Selection, 'selector' | 'startMs' | 'endMs'>,
  signal?: AbortSignal,
): Promise<Result<Trust>> {
  const request = { labelSelector: selector, start: BigInt(startMs), end: BigInt(endMs) };
  try {
    const given = signal === undefined ? {} : { signal };
    return ok(toTrust(await agent.client.getTrust(request, { timeoutMs: 60_000, ...given })));
  } catch (error) {
    return { ok: false, failure: agentFailure(error) };
  }
}

/** The answer as the contract has it. */
export function toTrust(answer: GetTrustResponse): Trust {
  return {
    ...(answer.fates === undefined || answer.fates.windows === 0 ? {} : { fates: toFates(answer.fates) }),
    totalNs: Number(answer.totalNs),
    cutNs: Number(answer.cutNs),
    cuts: answer.cuts.map(({ reason, valueNs }) => ({ reason, valueNs: Number(valueNs) })),
    nativeNs: Number(answer.nativeNs),
    linedNs: Number(answer.linedNs),
    frameNs: Number(answer.frameNs),
    namedFrameNs: Number(answer.namedFrameNs),
    files: answer.files.map(({ path, buildId, valueNs, linedNs, frameNs, namedFrameNs, mend }) => ({
      path,
      buildId,
      valueNs: Number(valueNs),
      linedNs: Number(linedNs),
      frameNs: Number(frameNs),
      namedFrameNs: Number(namedFrameNs),
      mend,
    })),
    runtimes: answer.runtimes.map(({ name, version }) => ({ name, version })),
  };
}

function toFates(fates: WireFates): Fates {
  const first = Number(fates.firstUnbalancedWindow);
  return {
    fired: Number(fates.fired),
    lostNewProcess: Number(fates.lostNewProcess),
    lostTailCall: Number(fates.lostTailCall),
    delivered: Number(fates.delivered),
    late: Number(fates.late),
    lostWindowFull: Number(fates.lostWindowFull),
    missing: Number(fates.missing),
    inFlight: Number(fates.inFlight),
    sampledNs: Number(fates.sampledNs),
    schedulerNs: Number(fates.schedulerNs),
    endedProcesses: Number(fates.endedProcesses),
    windows: fates.windows,
    unmeasuredWindows: fates.unmeasuredWindows,
    unbalancedWindows: fates.unbalancedWindows,
    ...(first === 0 ? {} : { firstUnbalancedMs: first }),
  };
}
