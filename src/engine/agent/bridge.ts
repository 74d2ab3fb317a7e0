import { randomUUID } from 'node:crypto';
import { Duplex, type Readable } from 'node:stream';
import { fail, ok, type Result } from '../../contract/result.js';
import type { Link } from '../link/link.js';

const startTimeoutMs = 15_000;
const maxNoiseBytes = 1024 * 1024;

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
  if (!(await skipPast(stdout, Buffer.from(mark)))) {
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

/** Reads up to and with the mark; what follows stays in the stream. False: the stream ended or took too long. */
function skipPast(stream: Readable, mark: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    let seen = Buffer.alloc(0);
    const settle = (found: boolean): void => {
      clearTimeout(timer);
      stream.removeListener('readable', onReadable);
      stream.removeListener('end', onEnd);
      stream.removeListener('close', onEnd);
      resolve(found);
    };
    const onEnd = (): void => {
      settle(false);
    };
    const onReadable = (): void => {
      for (let chunk = stream.read() as Buffer | null; chunk !== null; chunk = stream.read() as Buffer | null) {
        seen = Buffer.concat([seen, chunk]);
        const at = seen.indexOf(mark);
        if (at >= 0) {
          const rest = seen.subarray(at + mark.length);
          settle(true);
          if (rest.length > 0) stream.unshift(rest);
          return;
        }
        if (seen.length > maxNoiseBytes) {
          settle(false);
          return;
        }
      }
    };
    const timer = setTimeout(onEnd, startTimeoutMs);
    stream.on('readable', onReadable);
    stream.once('end', onEnd);
    stream.once('close', onEnd);
  });
}
