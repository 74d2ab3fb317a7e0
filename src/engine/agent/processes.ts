import type { Naming, Running, RunningProcess } from '../../contract/profiled.js';
import { ok, type Result } from '../../contract/result.js';
import type { Process } from '../gen/agent/v1/agent_pb.js';
import { labelsOf } from '../pyroscope/querier-client.js';
import { agentFailure, type AgentConnection } from './agent-connection.js';

const timeoutMs = 15_000;

/** Asks an agent what runs on its machine, and how that would be called under a proposed naming. */
export async function agentProcesses(
  agent: AgentConnection,
  proposed: Naming | undefined,
  signal?: AbortSignal,
): Promise<Result<Running>> {
  try {
    const { processes, namingError } = await agent.client.listProcesses(proposed === undefined ? {} : { proposed }, {
      timeoutMs,
      ...(signal === undefined ? {} : { signal }),
    });
    const asked = proposed !== undefined && namingError === undefined;
    return ok({
      processes: processes.map((process) => toRunning(process, asked)),
      ...(namingError === undefined
        ? {}
        : { namingError: { message: namingError.message, rule: namingError.rule, line: namingError.line } }),
    });
  } catch (error) {
    return { ok: false, failure: agentFailure(error) };
  }
}

function toRunning(process: Process, asked: boolean): RunningProcess {
  const { pid, executable, comm, containerId, container, profiled } = process;
  return {
    pid,
    executable,
    comm,
    containerId,
    container,
    service: labelsOf(process.labels)['service_name'] ?? '',
    profiled,
    ...(asked && !process.proposedDropped ? { proposed: labelsOf(process.proposedLabels) } : {}),
  };
}
