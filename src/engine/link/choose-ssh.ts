import { access } from 'node:fs/promises';
import type { FailureCode } from '../../contract/result.js';
import { opensshReason } from '../../contract/ssh-config.js';
import type { SshHop, SshTargetConfig } from '../../contract/target.js';
import { agentKeyTypes } from './agent-keys.js';
import { expandHome, readKeyFile } from './key-file.js';
import { knownHostName, lineMatches, type KnownHostLine } from './known-hosts.js';

/**
 * Why a server needs the system's ssh, which has what the built-in SSH lacks: said after "Connected by the system's ssh: ".
 * undefined: the built-in one is tried.
 */
export async function systemSshNeeded(
  config: SshTargetConfig,
  known: readonly KnownHostLine[],
): Promise<string | undefined> {
  if (config.openssh !== undefined) return opensshReason(config.openssh);
  for (const hop of [...(config.jumps ?? []), config]) {
    const reason = certifiedHost(hop, known) ?? (await specialKey(hop));
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/**
 * Why it is worth a try after the built-in SSH failed.
 *
 * @param message what the built-in SSH says of its failure
 */
export async function systemSshMayHelp(
  config: SshTargetConfig,
  failure: { readonly code: FailureCode; readonly message: string },
  agentSocket: string | undefined,
): Promise<string | undefined> {
  if (failure.code === 'no-common-algorithm') return failure.message;
  if (failure.code !== 'auth-failed') return undefined;
  for (const { authentication } of [...(config.jumps ?? []), config]) {
    if (authentication.method !== 'agent') continue;
    const socket = authentication.socket === undefined ? agentSocket : expandHome(authentication.socket);
    const types = socket === undefined || socket === '' ? [] : await agentKeyTypes(socket);
    if (types.some((type) => type.includes('-cert-v01@'))) return 'the SSH agent holds a certificate.';
    if (types.some((type) => type.startsWith('sk-'))) return 'the SSH agent holds a key of a security key (FIDO).';
  }
  return undefined;
}

/** A host that certificates vouch for, and whose own key is not known. */
function certifiedHost({ host, port }: SshHop, lines: readonly KnownHostLine[]): string | undefined {
  const name = knownHostName(host, port);
  const names = [name, knownHostName(host, 22)];
  const about = lines.filter((line) => names.some((each) => lineMatches(line, each)));
  if (about.some((line) => line.marker === 'none')) return undefined;
  const authority = about.find((line) => line.marker === 'cert-authority');
  if (authority === undefined) return undefined;
  return `a certificate authority vouches for the key of ${name} (line ${authority.line} of ${authority.file}).`;
}

/** A key of a security key, or one that has a certificate beside it. */
async function specialKey({ authentication }: SshHop): Promise<string | undefined> {
  if (authentication.method !== 'key') return undefined;
  const { path } = authentication;
  const certificate = `${path}-cert.pub`;
  const there = await access(expandHome(certificate)).then(
    () => true,
    () => false,
  );
  if (there) return `the key has a certificate (${certificate}).`;
  const file = await readKeyFile(path);
  if (file.ok && file.value.facts.keyType.startsWith('sk-')) return `${path} belongs to a security key (FIDO).`;
  return undefined;
}
