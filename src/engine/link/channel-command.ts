import { ok, type Result } from '../../contract/result.js';
import type { CommandChannel } from './channels.js';
import type { ExitStatus, RunningCommand } from './link.js';

/**
 * A command under way on a channel. It is to be called as soon as the channel is there: what a short command says on ending can lie in
 * the same packet. `broken` is what it ends with when the channel closes without its exit.
 */
export function channelCommand(channel: CommandChannel, broken: () => Result<never>): RunningCommand {
  let status: ExitStatus | undefined;
  channel.on('exit', (code: number | null, signalName?: string) => {
    status = { code, signal: signalName ?? null };
  });
  const exit = new Promise<Result<ExitStatus>>((resolve) => {
    channel.on('close', () => {
      resolve(status === undefined ? broken() : ok(status));
    });
  });
  return {
    stdin: channel.stdin,
    stdout: channel.stdout,
    stderr: channel.stderr,
    exit,
    stop: () => {
      channel.on('error', () => undefined); // given up; nobody is left to be told
      channel.signal('TERM');
      channel.close();
      // A channel whose output nobody reads never says that it closed.
      channel.resume();
      channel.stderr.resume();
    },
  };
}
