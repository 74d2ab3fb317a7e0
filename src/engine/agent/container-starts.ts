import { fail, ok, type Result } from '../../contract/result.js';
import type { Selection } from '../../contract/selection.js';
import { nothingSeen, type SeenStarts } from '../../core/compare/container-starts.js';
import type { ListContainerStartsResponse } from '../gen/agent/v1/agent_pb.js';
import { labelsOf } from '../pyroscope/querier-client.js';
import { agentFailure, type AgentConnection } from './agent-connection.js';

/** The starts of containers in a selection that an agent has seen; of one that is too old to look for them, none. */
export async function agentContainerStarts(
  agent: Pick<AgentConnection, 'client'>,
  { selector, startMs, endMs }: Pick<Selection, 'selector' | 'startMs' | 'endMs'>,
  signal?: AbortSignal,
): Promise<Result<SeenStarts>> {
  const request = { labelSelector: selector, start: BigInt(startMs), end: BigInt(endMs) };
  try {
    const given = signal === undefined ? {} : { signal };
    return ok(toSeenStarts(await agent.client.listContainerStarts(request, { timeoutMs: 15_000, ...given })));
  } catch (error) {
    const { code, message, detail } = agentFailure(error);
    return code === 'unsupported' ? ok(nothingSeen) : fail(code, message, detail);
  }
}

/** The answer as it is worked with. */
export function toSeenStarts({ starts, knownFrom }: ListContainerStartsResponse): SeenStarts {
  return {
    fromMs: knownFrom === 0n ? Infinity : Number(knownFrom),
    starts: starts.map(({ containerId, at, again, labels }) => {
      const { service_name: service = '', container = '' } = labelsOf(labels);
      return { service, container: container === '' ? containerId : container, atMs: Number(at), again };
    }),
  };
}
