import { execFileSync } from 'node:child_process';

/** A network of its own for a server, which reaches nothing but this machine, and by one address only. */
export interface Wire {
  /** This machine's address on it, and the server's. */
  readonly here: string;
  readonly there: string;
  /** What a server is started by: `ip netns exec NAME`. */
  readonly command: readonly string[];
  /** Runs a command there; throws where it fails. Answers what it printed. */
  readonly inside: (line: string) => string;
  readonly remove: () => void;
}

/** Makes one, or says why it cannot be made. Needs root, and the programs ip and iptables. */
export function makeWire(name: string): Wire | string {
  if (process.getuid?.() !== 0) return 'a network namespace needs root';
  // Of a network for tests (RFC 2544), others for each run.
  const network = `198.18.${(process.pid >> 6) & 255}`;
  const here = `${network}.${(process.pid & 63) * 4 + 1}`;
  const there = `${network}.${(process.pid & 63) * 4 + 2}`;
  const ip = (line: string): string => execFileSync('ip', line.split(' '), { encoding: 'utf8', stdio: 'pipe' });
  const inside = (line: string): string => ip(`netns exec ${name} ${line}`);
  const remove = (): void => {
    for (const line of [`link del ${name}a`, `netns del ${name}`]) {
      try {
        ip(line);
      } catch {
        // there was none
      }
    }
  };
  try {
    ip(`netns add ${name}`);
    ip(`link add ${name}a type veth peer name ${name}b netns ${name}`);
    ip(`addr add ${here}/30 dev ${name}a`);
    ip(`link set ${name}a up`);
    inside(`ip addr add ${there}/30 dev ${name}b`);
    inside(`ip link set ${name}b up`);
    inside('iptables -A INPUT -i nowhere -j DROP');
    return { here, there, command: ['ip', 'netns', 'exec', name], inside, remove };
  } catch (error) {
    remove();
    return `no network namespace can be made: ${String(error)}`;
  }
}
