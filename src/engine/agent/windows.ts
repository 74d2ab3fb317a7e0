import { create, toBinary } from '@bufbuild/protobuf';
import { fail, ok, type Result } from '../../contract/result.js';
import { SelectWindowsRequestSchema, WindowSetSchema, type WindowSet } from '../gen/agent/v1/agent_pb.js';
import type { Query } from '../pyroscope/querier-client.js';
import { agentFailure, type AgentConnection } from './agent-connection.js';

/** Told how many windows have come. */
export type OnWindows = (done: number) => void;

const timeoutMs = 120_000;
/** What the decoder takes at most. */
const mostBytes = 512 * 1024 * 1024;

/** All windows of a selection as one file: parts of a message one after the other are the message. */
export async function agentWindows(
  agent: Pick<AgentConnection, 'client'>,
  query: Query,
  onWindows: OnWindows,
  signal?: AbortSignal,
): Promise<Result<{ readonly bytes: Uint8Array; readonly windows: number }>> {
  const request = create(SelectWindowsRequestSchema, {
    profileTypeID: query.profileType,
    labelSelector: query.selector,
    start: BigInt(query.startMs),
    end: BigInt(query.endMs),
  });
  const parts: Uint8Array[] = [];
  let windows = 0;
  let byteLength = 0;
  try {
    const answers = agent.client.selectWindows(request, { timeoutMs, ...(signal === undefined ? {} : { signal }) });
    for await (const { part } of answers) {
      if (part === undefined) {
        return fail('unsupported', 'The agent there is older than this app: stop it and start it again.');
      }
      const bytes = encoded(part);
      byteLength += bytes.byteLength;
      if (byteLength > mostBytes)
        return fail('too-large', 'These windows are too many to compare: choose shorter ranges.');
      parts.push(bytes);
      windows += part.windows.length;
      onWindows(windows);
    }
  } catch (error) {
    return { ok: false, failure: agentFailure(error) };
  }
  return ok({ bytes: Buffer.concat(parts), windows });
}

function encoded(part: WindowSet): Uint8Array {
  return toBinary(WindowSetSchema, part);
}
