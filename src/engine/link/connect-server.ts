import type { Result } from '../../contract/result.js';
import { systemSshMayHelp, systemSshNeeded } from './choose-ssh.js';
import { connectSystemSsh } from './openssh/connect.js';
import type { Answers } from './openssh/interview.js';
import type { Secrets } from './ssh-auth.js';
import { connectSsh, type SshConnection, type SshOptions } from './ssh-connect.js';

/** What a link knows of its server from the connections before. Lives in memory as long as the link. */
export class ServerMemory {
  /** For the built-in SSH, of each server on the way. */
  readonly secrets: Secrets[] = [];
  /** For the system's ssh. */
  readonly answers: Answers = new Map();
  /** Why the system's ssh is used; undefined: it is not, or not yet. */
  systemSsh: string | undefined;

  forget(): void {
    this.secrets.length = 0;
    this.answers.clear();
  }
}

/** Connects by the built-in SSH, or by the system's where that has what the built-in one lacks. */
export async function connectServer(
  options: SshOptions,
  memory: ServerMemory,
  onNotice: (text: string) => void,
  signal: AbortSignal,
): Promise<Result<SshConnection>> {
  const { config, hostKeys } = options;
  const bySystem = async (why: string): Promise<Result<SshConnection>> => {
    const connected = await connectSystemSsh({ ...options, why, answers: memory.answers, onNotice }, signal);
    if (!connected.ok) return connected;
    memory.systemSsh = why;
    return { ok: true, value: { ...connected.value, message: `Connected by the system's ssh: ${why}` } };
  };
  const known = await hostKeys.load();
  if (!known.ok) return known;
  const needed = memory.systemSsh ?? (await systemSshNeeded(config, known.value));
  if (needed !== undefined) return bySystem(needed);
  const connected = await connectSsh(options, memory.secrets, signal);
  if (connected.ok) return connected;
  const agentSocket = options.agentSocket ?? process.env['SSH_AUTH_SOCK'];
  const helps = await systemSshMayHelp(config, connected.failure, agentSocket);
  if (helps === undefined || signal.aborted) return connected;
  return bySystem(helps);
}
