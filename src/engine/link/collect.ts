import type { Readable } from 'node:stream';
import { fail, ok, type Result } from '../../contract/result.js';
import type { ExecOptions, ExecResult, RunningCommand } from './link.js';

const defaultTimeoutMs = 30_000;
const defaultMaxOutputBytes = 4 * 1024 * 1024;

/** Reads a command to its end: feeds its input, bounds its outputs and its time, ends it when the caller gave up. */
export async function collect(
  command: RunningCommand,
  commandName: string,
  options: ExecOptions = {},
): Promise<Result<ExecResult>> {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const maxBytes = options.maxOutputBytes ?? defaultMaxOutputBytes;
  let stopWith: (result: Result<ExecResult>) => void = () => undefined;
  const stopped = new Promise<Result<ExecResult>>((resolve) => {
    stopWith = resolve;
  });
  const stdout = gather(command.stdout, maxBytes, () => {
    stopWith(fail('too-large', `"${commandName}" printed more than ${maxBytes} bytes.`));
  });
  const stderr = gather(command.stderr, maxBytes, () => {
    stopWith(fail('too-large', `"${commandName}" printed more than ${maxBytes} bytes.`));
  });
  const timer = setTimeout(() => {
    stopWith(
      fail(
        'timeout',
        `"${commandName}" did not answer within ${Math.ceil(timeoutMs / 1000)} s.`,
        stderr().slice(-2000),
      ),
    );
  }, timeoutMs);
  const onAbort = (): void => {
    stopWith(fail('cancelled', 'Cancelled.'));
  };
  options.signal?.addEventListener('abort', onAbort, { once: true });
  if (options.signal?.aborted === true) onAbort();

  // A command that ends without reading its input breaks the pipe; its exit says what happened.
  command.stdin.on('error', () => undefined);
  command.stdin.end(options.stdin);
  const ended = command.exit.then((exit): Result<ExecResult> =>
    exit.ok ? ok({ ...exit.value, stdout: stdout(), stderr: stderr() }) : exit,
  );
  const result = await Promise.race([ended, stopped]);
  clearTimeout(timer);
  options.signal?.removeEventListener('abort', onAbort);
  if (!result.ok) command.stop();
  return result;
}

/** Gathers a stream's bytes; answers them as text, malformed sequences replaced. */
function gather(stream: Readable, maxBytes: number, onTooMuch: () => void): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxBytes) onTooMuch();
    else chunks.push(chunk);
  });
  stream.on('error', () => undefined); // the command's exit says that the connection broke
  return () => Buffer.concat(chunks).toString('utf8');
}
