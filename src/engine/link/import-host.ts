import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import * as v from 'valibot';
import type { ImportedHost } from '../../contract/ssh-config.js';
import { fail, ok, type Result } from '../../contract/result.js';
import { SshHop, type Authentication } from '../../contract/target.js';
import { expandHome } from './key-file.js';
import { resolveConfigHost, type ResolveOptions } from './ssh-config.js';

type Settings = ReadonlyMap<string, readonly string[]>;

/** Keys that OpenSSH tries when none is configured, as `ssh -G` prints them. */
const defaultKeys = new Set(
  ['rsa', 'ecdsa', 'ecdsa_sk', 'ed25519', 'ed25519_sk', 'xmss', 'dsa'].map((kind) => `~/.ssh/id_${kind}`),
);

export interface ImportOptions extends ResolveOptions {
  /** SSH_AUTH_SOCK of this process by default. */
  readonly agentSocket?: string;
}

/** A way over other servers. */
interface Way {
  readonly jumps: readonly SshHop[];
  /** Whether one of them has a setting that only the system's ssh follows. */
  readonly special: boolean;
}

/**
 * A host of OpenSSH's configuration as our own configuration has it, with every server on its way resolved as well. Where
 * the configuration says more than ours can, `openssh` names the host, whose settings the system's ssh follows then.
 */
export async function importHost(name: string, options: ImportOptions = {}): Promise<Result<ImportedHost>> {
  const resolved = await resolveConfigHost(name, options);
  if (!resolved.ok) return resolved;
  const settings = resolved.value;
  const hop = await hopOf(name, settings, options);
  if (!hop.ok) return hop;
  const way = await wayOf(name, settings, options);
  if (!way.ok) return way;
  const { jumps, special } = way.value;
  const why = specialSetting(settings) ?? (special ? 'ProxyJump' : undefined);
  if (why === undefined) return ok({ name, hop: hop.value, jumps });
  // The way is the configuration's, too.
  return ok({ name, hop: hop.value, jumps: [], openssh: { host: name, why } });
}

function specialSetting(settings: Settings): 'ProxyCommand' | 'CertificateFile' | undefined {
  if (said(settings, 'proxycommand') !== undefined) return 'ProxyCommand';
  return said(settings, 'certificatefile') === undefined ? undefined : 'CertificateFile';
}

const maxJumps = 8;

/** The servers that a host's ProxyJump names. As with OpenSSH the first of them has a way of its own, the others not. */
async function wayOf(name: string, settings: Settings, options: ImportOptions, depth = 0): Promise<Result<Way>> {
  const jumps: SshHop[] = [];
  let special = false;
  for (const text of said(settings, 'proxyjump')?.split(',') ?? []) {
    const match = jumpForm.exec(text.trim());
    const host = match?.[2]?.replace(/^\[(.*)\]$/, '$1');
    if (host === undefined) return fail('invalid-input', `The ProxyJump of ${name} names no server: change it there.`);
    const resolved = await resolveConfigHost(host, options);
    if (!resolved.ok) return resolved;
    special ||= specialSetting(resolved.value) !== undefined;
    if (jumps.length === 0) {
      const before: Result<Way> =
        depth > maxJumps ? ok({ jumps: [], special }) : await wayOf(host, resolved.value, options, depth + 1);
      if (!before.ok) return before;
      jumps.push(...before.value.jumps);
      special ||= before.value.special;
    }
    const hop = await hopOf(host, resolved.value, options, {
      ...(match?.[1] === undefined ? {} : { user: match[1] }),
      ...(match?.[3] === undefined ? {} : { port: Number(match[3]) }),
    });
    if (!hop.ok) return hop;
    jumps.push(hop.value);
    if (jumps.length > maxJumps) {
      return fail('unsupported', `The way to ${name} leads over more than ${maxJumps} servers: look at its ProxyJump.`);
    }
  }
  return ok({ jumps, special });
}

/** "[user@]host[:port]" or "ssh://[user@]host[:port]". */
const jumpForm = /^(?:ssh:\/\/)?(?:([^@]+)@)?(\[[0-9A-Fa-f:.%]+\]|[^:@/]+)(?::(\d{1,5}))?\/?$/;

async function hopOf(
  name: string,
  settings: Settings,
  options: ImportOptions,
  given: { readonly user?: string; readonly port?: number } = {},
): Promise<Result<SshHop>> {
  const host = said(settings, 'hostname') ?? name;
  const user = given.user ?? said(settings, 'user') ?? '';
  const port = given.port ?? Number(said(settings, 'port') ?? 22);
  const authentication = await authenticationOf(settings, { name, host, user, port }, options);
  const checked = v.safeParse(SshHop, { host, port, user, authentication });
  if (checked.success) return ok(checked.output);
  const field = v.getDotPath(checked.issues[0]) ?? '';
  return fail(
    'invalid-input',
    `The ${field} that OpenSSH's configuration gives ${name} cannot be used: change it there.`,
  );
}

/** What OpenSSH would try first: the key that is configured, then an agent, then a key at a usual place. */
async function authenticationOf(
  settings: Settings,
  where: { readonly name: string; readonly host: string; readonly user: string; readonly port: number },
  options: ImportOptions,
): Promise<Authentication> {
  const there: string[] = [];
  for (const file of settings.get('identityfile') ?? []) {
    const path = expandTokens(file, where);
    if (await exists(expandHome(path))) there.push(path);
  }
  const chosen = there.find((path) => !defaultKeys.has(path));
  if (chosen !== undefined) return { method: 'key', path: chosen };
  const socket = said(settings, 'identityagent');
  if (socket !== undefined && socket !== 'SSH_AUTH_SOCK' && !socket.startsWith('$')) {
    return { method: 'agent', socket: expandTokens(socket, where) };
  }
  const agent = options.agentSocket ?? process.env['SSH_AUTH_SOCK'] ?? '';
  const usual = there[0];
  return agent === '' && usual !== undefined ? { method: 'key', path: usual } : { method: 'agent' };
}

/** The first value of a keyword; undefined where there is none. */
function said(settings: Settings, keyword: string): string | undefined {
  const value = settings.get(keyword)?.[0];
  return value === undefined || value === '' || value.toLowerCase() === 'none' ? undefined : value;
}

function expandTokens(
  text: string,
  where: { readonly name: string; readonly host: string; readonly user: string; readonly port: number },
): string {
  const values: Readonly<Record<string, string>> = {
    '%': '%',
    d: homedir(),
    h: where.host,
    n: where.name,
    p: String(where.port),
    r: where.user,
  };
  return text.replace(/%(.)/g, (all, token: string) => values[token] ?? all);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
