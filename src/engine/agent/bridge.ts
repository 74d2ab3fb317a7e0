import { randomUUID } from 'node:crypto';
import { Duplex } from 'node:stream';
import { fail, ok, type Result } from '../../contract/result.js';
import type { Link } from '../link/link.js';
import { takeUntil } from '../link/take-until.js';
import { timeLimit } from '../link/time-limit.js';

const startTimeoutMs = 15_000;

/**
 * A stream to the agent through a command's input and output, where the server refuses to forward Unix sockets. What a
 * login script prints before the command begins is skipped.
 */
export async function openBridge(
  link: Link,
  command: readonly string[],
  signal?: AbortSignal,
): Promise<Result<Duplex>> {
  const mark = `pyrometer-bridge-${randomUUID()}\n`;
  const script = '# Carries the protocol of the agent.\nprintf "%s\\n" "$1"; shift; exec "$@"';
  const running = await link.spawn(['sh', '-c', script, 'sh', mark.trimEnd(), ...command], signal);
  if (!running.ok) return running;
  const { stdin, stdout, stderr, exit, stop } = running.value;
  let said = '';
  stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000);
  });
  stdin.on('error', () => undefined); // the stream below ends with the command
  const limit = timeLimit(startTimeoutMs);
  const started = await takeUntil(stdout, Buffer.from(mark), limit.signal);
  limit.release();
  if (started === undefined) {
    stop();
    return fail('agent-not-running', 'The agent cannot be reached through its bridge.', said);
  }
  const stream = Duplex.from({ writable: stdin, readable: stdout });
  stream.on('close', stop);
  void exit.then(() => {
    if (!stream.destroyed) stream.destroy();
  });
  return ok(stream);
}
