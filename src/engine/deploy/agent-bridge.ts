import { agentNotExecutable, programFolder } from './verified-start.js';

/**
 * The folder that the agent was sent to may be mounted noexec, as homes are. Then root's copy of an agent does it, which anybody may run:
 * it speaks to the socket of who runs it.
 *
 * $1 the agent that was sent, $2 the folder of root's.
 */
const script = `
# Carries the protocol of the agent, by the one that was sent or by root's copy.
for agent in "$1" "$2"/*/pyrometer-agent; do
  "$agent" version >/dev/null 2>&1 && exec "$agent" bridge
done
exit ${agentNotExecutable}
`;

/** The command that carries the protocol of the agent where sockets cannot be forwarded. */
export function agentBridge(path: string, programs = programFolder): readonly string[] {
  return ['sh', '-c', script, 'sh', path, programs];
}
