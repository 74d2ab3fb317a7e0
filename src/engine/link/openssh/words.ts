import { fail, type Failure } from '../../../contract/result.js';
import type { SshHop, SshTargetConfig } from '../../../contract/target.js';
import { changedKey, revokedKey, refusedKey } from '../host-keys.js';
import type { KnownHostLine } from '../known-hosts.js';
import { denied, tooManyAttempts, wrongPassphrase } from '../login-failures.js';
import { dialFailure, forwardsNothing, noHandshake, reachesNothing, takesNoMore } from '../socket-failures.js';

/** What is known of a connection of the system's ssh that did not come about. */
export interface Outcome {
  readonly config: SshTargetConfig;
  /** What ssh said. */
  readonly said: string;
  /** What was asked in vain, so often: files of keys. */
  readonly passphrasesAsked: ReadonlyMap<string, number>;
  readonly known: readonly KnownHostLine[];
}

/** So often ssh asks for a passphrase (NumberOfPasswordPrompts). */
const passphraseRounds = 3;

/** System calls' failures as ssh prints them, in English as LC_MESSAGES has it. */
const dialErrors: readonly (readonly [RegExp, string])[] = [
  [/Connection refused/, 'ECONNREFUSED'],
  [/No route to host|Host is down/, 'EHOSTUNREACH'],
  [/Network is (?:unreachable|down)/, 'ENETUNREACH'],
  [/timed out/, 'ETIMEDOUT'],
];

/** Whether a server's key is not known yet, which is for the user to look at. */
export function isUnknownKey(said: string): boolean {
  return /^No \S+ host key is known for .* and you have requested strict checking\.\r?$/m.test(said);
}

/** Whether the target itself, behind all servers on the way, let us in. */
export function letsIn({ config, said }: Pick<Outcome, 'config' | 'said'>): boolean {
  return loginsOf(said) > (config.jumps ?? []).length;
}

/** How many servers let us in so far. */
function loginsOf(said: string): number {
  return said.match(/^Authenticated to /gm)?.length ?? 0;
}

/** Why there is no connection, in the words of the built-in SSH where it knows the reason as well. */
export function failureOf(outcome: Outcome): Failure {
  const { config, said } = outcome;
  return (
    settingsFailure(outcome) ??
    wayFailure(config, said) ??
    hostKeyFailure(outcome) ??
    loginFailure(outcome) ??
    fail(
      'unreachable',
      `The system's ssh did not connect to ${config.host}: look at what it said.`,
      said === '' ? undefined : said,
    ).failure
  );
}

function settingsFailure({ said }: Outcome): Failure | undefined {
  if (/Bad configuration option|Can't open user config file|Bad owner or permissions on|missing argument/.test(said)) {
    return fail('invalid-input', "The system's ssh cannot read its settings: look into ~/.ssh/config.", said).failure;
  }
  if (/ssh_askpass: exec\(.*\): Permission denied/.test(said)) {
    return fail(
      'unsupported',
      'No program may run in the folder for temporary files (noexec), which ssh needs to ask: set TMPDIR to another one.',
      said,
    ).failure;
  }
  return undefined;
}

/** Of the way to a server: names, ports, what it says first. */
function wayFailure(config: SshTargetConfig, said: string): Failure | undefined {
  const detail = said;
  const name = /Could not resolve hostname ([^:]+):/.exec(said)?.[1];
  if (name !== undefined) return dialFailure(withCode('ENOTFOUND', detail), name, config.port);
  const [, host, port, why = ''] = /connect to host (\S+) port (\d+): (.*)/.exec(said) ?? [];
  if (host !== undefined) {
    const code = dialErrors.find(([pattern]) => pattern.test(why))?.[1] ?? '';
    return dialFailure(withCode(code, detail), host, Number(port));
  }
  const passed = loginsOf(said);
  const via = config.jumps?.[passed - 1];
  if (via !== undefined && /open failed/.test(said)) {
    const next: SshHop = config.jumps?.[passed] ?? config;
    if (/administratively prohibited/.test(said)) return forwardsNothing(via.host, next.host, detail).failure;
    return reachesNothing(via.host, next.host, next.port, detail).failure;
  }
  const at: SshHop = config.jumps?.[passed] ?? config;
  if (/no matching .* found\. Their offer/.test(said)) {
    return fail(
      'no-common-algorithm',
      `The system's ssh and ${at.host} have no algorithm in common: use a newer OpenSSH.`,
      said,
    ).failure;
  }
  if (/MaxStartups|Not allowed at this time/i.test(said)) return takesNoMore(at.host, detail).failure;
  if (
    /banner exchange: .*(invalid format|line too long)|banner line contains|Protocol major versions differ/i.test(said)
  ) {
    return noHandshake(at.host, at.port, detail).failure;
  }
  if (/timed out during banner exchange|Timeout, server/.test(said)) {
    return fail('timeout', `${at.host} did not finish the SSH handshake in time: try again.`, detail).failure;
  }
  // Which of the two ssh says depends on whether it wrote its own banner before it heard of the end.
  if (/kex_exchange_identification: |banner exchange: .*Broken pipe/.test(said)) {
    if (/UNKNOWN port 65535/.test(said) && config.openssh !== undefined) {
      const { host: alias } = config.openssh;
      return fail(
        'unreachable',
        `The ProxyCommand of ${alias} ended without a connection to ${config.host}: try "ssh ${alias}" in a terminal.`,
        detail,
      ).failure;
    }
    // Whether the other side said something before it hung up, ssh keeps to itself.
    return noHandshake(at.host, at.port, detail).failure;
  }
  return undefined;
}

function hostKeyFailure({ said, known }: Outcome): Failure | undefined {
  const revoked = /^The (\S+) host key for (\S+) is marked as revoked/m.exec(said);
  if (revoked !== null) return revokedKey(revoked[2] ?? '', revoked[1] ?? '').failure;
  const changed = /^Host key for (\S+) has changed and you have requested strict checking/m.exec(said)?.[1];
  if (changed !== undefined) {
    const [, file, line] = /^Offending \S+ key in (.*):(\d+)\r?$/m.exec(said) ?? [];
    const [, type = '', shown = ''] =
      /fingerprint for the (\S+) key sent by the remote host is\s+(SHA256:\S+)/.exec(said) ?? [];
    const before = known.find((each) => each.file === file && each.line === Number(line));
    if (before !== undefined) return changedKey(changed, before, `${type} ${shown.replace(/\.$/, '')}`).failure;
    return fail(
      'host-key-changed',
      `${changed} showed another key than the one that is known: somebody may be listening in.`,
      said,
    ).failure;
  }
  if (/^Host key verification failed\./m.test(said)) {
    const host = /^No \S+ host key is known for (\S+) and/m.exec(said)?.[1];
    return host === undefined
      ? fail('host-key-refused', 'The key of the server was not accepted.', said).failure
      : refusedKey(host, said).failure;
  }
  return undefined;
}

function loginFailure({ config, said, passphrasesAsked }: Outcome): Failure | undefined {
  const passed = loginsOf(said);
  const at: SshHop = config.jumps?.[passed] ?? config;
  if (/Too many authentication failures/i.test(said)) return tooManyAttempts(at, said);
  if (/signing failed for \S*-SK .*: device not found/.test(said)) {
    return fail('auth-failed', 'The security key that holds the key is not plugged in: plug it in and try again.', said)
      .failure;
  }
  const refused = /^(\S+)@(\S+): Permission denied \(([^)]*)\)\.\r?$/m.exec(said);
  if (refused === null) return undefined;
  const { authentication } = at;
  if (authentication.method === 'key') {
    const missing = /^(?:no such identity: .*|Load key .*: (?:No such file|Permission denied).*)$/m.exec(said)?.[0];
    if (missing !== undefined) {
      return fail('auth-failed', `The key file ${authentication.path} cannot be read.`, missing).failure;
    }
    const unreadable = /^Load key .*: (?:invalid format|error in libcrypto|unknown or unsupported key type).*$/m.exec(
      said,
    );
    if (unreadable !== null)
      return fail('auth-failed', `${authentication.path} is no private key.`, unreadable[0]).failure;
  }
  for (const [path, times] of passphrasesAsked) if (times >= passphraseRounds) return wrongPassphrase(path, said);
  const [, user = '', host = '', allowed = ''] = refused;
  return denied({ user, host }, [triedWords(authentication)], allowed.split(','), said);
}

function triedWords(authentication: SshHop['authentication']): string {
  switch (authentication.method) {
    case 'agent':
      return 'the keys of the SSH agent';
    case 'key':
      return `the key ${authentication.path}`;
    case 'password':
      return 'the password';
  }
}

function withCode(code: string, said: string): Error {
  return Object.assign(new Error(said), { code });
}
