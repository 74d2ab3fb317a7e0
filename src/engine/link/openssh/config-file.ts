import { resolve } from 'node:path';
import * as v from 'valibot';
import { fail, ok, type Result } from '../../../contract/result.js';
import { SshHop, type SshTargetConfig } from '../../../contract/target.js';
import { expandHome } from '../key-file.js';

/** The name that ssh is told to connect to where the user's own configuration has none for it. */
const ownName = 'pyrometer-target';

export interface ConfigFileOptions {
  readonly config: SshTargetConfig;
  /** "ask" only where the user is to be shown a new key. */
  readonly hostKeys: 'yes' | 'ask';
  /** Ours first: accepted keys are added to it. */
  readonly knownHosts: readonly string[];
  /** Of a master; undefined: it is to be none. */
  readonly controlSocket: string | undefined;
  /** OpenSSH's own configuration: for a server that was imported from it. */
  readonly include: readonly string[];
}

/** Settings that hold for every server on the way. The first value that ssh reads counts, so nothing included changes them. */
const settings = [
  'UpdateHostKeys no',
  'CheckHostIP no',
  'HashKnownHosts no',
  'VerifyHostKeyDNS no',
  'NoHostAuthenticationForLocalhost no',
  'CanonicalizeHostname no',
  'FingerprintHash sha256',
  'VisualHostKey no',
  'ForwardAgent no',
  'ForwardX11 no',
  'Tunnel no',
  'ClearAllForwardings yes',
  'GatewayPorts no',
  'PermitLocalCommand no',
  'RemoteCommand none',
  'RequestTTY no',
  'EscapeChar none',
  'AddKeysToAgent no',
  'GSSAPIDelegateCredentials no',
  'NumberOfPasswordPrompts 3',
  'ConnectionAttempts 1',
  'ConnectTimeout 15',
  // A cut is noticed after three unanswered questions.
  'ServerAliveInterval 3',
  'ServerAliveCountMax 3',
  'LogLevel VERBOSE',
  'ControlPersist no',
];

/** The name to connect to by the settings of `configText`. */
export function destination(config: SshTargetConfig): string {
  return config.openssh?.host ?? ownName;
}

/**
 * A configuration for ssh that makes a master of it, or has it carry one session. As a file, not as arguments: ssh hands it on to those that it starts
 * for the servers on the way, and no shell reads it. Every value is checked again and quoted.
 */
export function configText(options: ConfigFileOptions): Result<string> {
  const { config } = options;
  try {
    const jumps = config.jumps ?? [];
    const names = jumps.map((_, index) => `pyrometer-jump-${index + 1}`);
    // Without servers on the way of its own an imported server has the way that the user's configuration names.
    const way = jumps.length > 0 ? `ProxyJump ${names.join(',')}` : 'ProxyJump none';
    const lines = [
      ...hostLines(destination(config), config, config.openssh !== undefined),
      ...(options.controlSocket === undefined
        ? []
        : ['ControlMaster yes', `ControlPath ${pathValue(options.controlSocket)}`]),
      ...(jumps.length === 0 && config.openssh !== undefined ? [] : [way]),
      ...jumps.flatMap((jump, index) => [...hostLines(names[index] ?? '', jump, false), 'ProxyCommand none']),
      'Host *',
      'ControlMaster no',
      'ControlPath none',
      `StrictHostKeyChecking ${options.hostKeys}`,
      `UserKnownHostsFile ${options.knownHosts.map(pathValue).join(' ')}`,
      'GlobalKnownHostsFile none',
      ...settings,
      ...options.include.map((path) => `Include ${quoted(slashed(path))}`),
    ];
    return ok(lines.join('\n') + '\n');
  } catch (error) {
    if (error instanceof Unsafe) return fail('invalid-input', error.message);
    throw error;
  }
}

/** What could become a setting of its own, or stand for something else. */
class Unsafe extends Error {}

function hostLines(name: string, hop: SshHop, imported: boolean): string[] {
  // Checked by the contract where it came in; here for who calls with something else.
  for (const field of ['host', 'user', 'port'] as const) {
    if (!v.is(SshHop.entries[field], hop[field])) throw new Unsafe(`The ${field} cannot be handed to ssh safely.`);
  }
  if (!v.is(SshHop.entries.host, name)) throw new Unsafe('The name in the SSH configuration cannot be handed to ssh.');
  const host = hop.host.replace(/^\[(.*)\]$/, '$1').replaceAll('%', '%%');
  return [
    `Host ${name}`,
    `HostName ${quoted(host)}`,
    `Port ${hop.port}`,
    `User ${quoted(hop.user)}`,
    ...loginLines(hop.authentication, imported),
  ];
}

function loginLines(authentication: SshHop['authentication'], imported: boolean): string[] {
  switch (authentication.method) {
    case 'agent':
      return [
        'PreferredAuthentications publickey,keyboard-interactive',
        ...(authentication.socket === undefined ? [] : [`IdentityAgent ${pathValue(authentication.socket)}`]),
        ...(imported ? [] : ['IdentityFile none']), // the agent's keys only
      ];
    case 'key':
      return [
        'PreferredAuthentications publickey,keyboard-interactive',
        `IdentityFile ${pathValue(authentication.path)}`,
        'IdentitiesOnly yes',
      ];
    case 'password':
      return ['PreferredAuthentications password,keyboard-interactive', 'PubkeyAuthentication no'];
  }
}

/** A file's path where ssh expands "~", "%h" and "${NAME}": it is absolute and stands for itself. */
function pathValue(path: string): string {
  if (path.includes('${')) throw new Unsafe(`ssh cannot be told of the file ${path}: rename it without "\${".`);
  return quoted(slashed(resolve(expandHome(path))).replaceAll('%', '%%'));
}

/** On Windows with the slashes that ssh takes there as well: older ones read a backslash within quotes in their own way. Pipes have none. */
function slashed(path: string): string {
  return process.platform === 'win32' && !path.startsWith('\\\\.\\') ? path.replaceAll('\\', '/') : path;
}

function quoted(value: string): string {
  if (/\p{Cc}/u.test(value)) throw new Unsafe('A control character cannot be handed to ssh.');
  return `"${value.replace(/[\\"]/g, '\\$&')}"`;
}
