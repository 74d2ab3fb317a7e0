import * as v from 'valibot';
import {
  TargetConfig,
  type Authentication,
  type OpenSshHost,
  type ServerDraft,
  type SshTargetConfig,
  type TargetColour,
} from '../../../contract/target.js';

/** How to log in to one server, as typed. */
export interface LoginForm {
  readonly method: 'agent' | 'key' | 'password';
  readonly keyPath: string;
  /** Another SSH agent than the usual one; empty: the usual one. */
  readonly agentSocket: string;
}

/** A server on the way, as typed. */
export interface JumpForm extends LoginForm {
  readonly id: number;
  /** "user@host" or "user@host:port". */
  readonly address: string;
}

/** What the form for a server holds, as typed. */
export interface ServerForm extends LoginForm {
  readonly host: string;
  readonly user: string;
  readonly port: string;
  readonly name: string;
  readonly group: string;
  readonly colour: TargetColour | 'none';
  /** Where the agent gets missing debug files from; null: it asks nobody. */
  readonly debuginfod: string | null;
  /** Whether its agent comes back after a reboot. */
  readonly startsAtBoot: boolean;
  readonly jumps: readonly JumpForm[];
  /** The host of the SSH configuration whose settings the system's ssh follows. */
  readonly openssh: OpenSshHost | null;
}

const emptyLogin: LoginForm = { method: 'agent', keyPath: '', agentSocket: '' };

export const emptyServerForm: ServerForm = {
  ...emptyLogin,
  host: '',
  user: '',
  port: '22',
  name: '',
  group: '',
  colour: 'none',
  debuginfod: null,
  startsAtBoot: false,
  jumps: [],
  openssh: null,
};

/** The elfutils project's server, which passes questions on to those of the distributions. */
export const usualDebuginfod = 'https://debuginfod.elfutils.org';

/** A saved server, or one to begin with, as the form shows it. */
export function formOf(config: ServerDraft): ServerForm {
  return {
    host: config.host,
    user: config.user,
    port: String(config.port),
    name: config.name,
    group: config.group ?? '',
    colour: config.colour ?? 'none',
    debuginfod: config.debuginfod ?? null,
    startsAtBoot: config.startsAtBoot === true,
    jumps: (config.jumps ?? []).map((hop, id) => ({
      id,
      address: `${hop.user}@${hop.host.includes(':') && !hop.host.startsWith('[') ? `[${hop.host}]` : hop.host}:${hop.port}`,
      ...loginOf(hop.authentication),
    })),
    openssh: config.openssh ?? null,
    ...loginOf(config.authentication),
  };
}

function loginOf(authentication: Authentication): LoginForm {
  return {
    method: authentication.method,
    keyPath: authentication.method === 'key' ? authentication.path : '',
    agentSocket: authentication.method === 'agent' ? (authentication.socket ?? '') : '',
  };
}

/** The form with one more server on the way, before the others that lead to the target. */
export function withJump(form: ServerForm): ServerForm {
  const id = 1 + Math.max(-1, ...form.jumps.map((jump) => jump.id));
  return { ...form, jumps: [...form.jumps, { ...emptyLogin, id, address: '' }] };
}

/** The form with a server on the way changed. */
export function changeJump(form: ServerForm, changed: JumpForm): ServerForm {
  return { ...form, jumps: form.jumps.map((jump) => (jump.id === changed.id ? changed : jump)) };
}

/** The form without a server on the way. */
export function withoutJump(form: ServerForm, id: number): ServerForm {
  return { ...form, jumps: form.jumps.filter((jump) => jump.id !== id) };
}

/** What is wrong with the form, by field; of servers on the way by the index, "address" and "keyPath" in one. */
export interface FormErrors extends Partial<Record<Exclude<keyof ServerForm, 'jumps'>, string>> {
  jumps?: Record<number, string>;
}

interface Address {
  readonly host: string;
  readonly user: string | undefined;
  readonly port: string | undefined;
}

function parseAddress(text: string): Address | undefined {
  const match = /^(?:ssh:\/\/)?(?:(?<user>[^@\s]+)@)?(?<host>[^@\s:]+|\[[0-9A-Fa-f:.]+\])(?::(?<port>\d{1,5}))?$/.exec(
    text.trim(),
  );
  const host = match?.groups?.['host'];
  return host === undefined ? undefined : { host, user: match?.groups?.['user'], port: match?.groups?.['port'] };
}

/** "user@host:port" pasted into the host field fills the fields it names. */
export function splitAddress(form: ServerForm, text: string): ServerForm {
  const address = parseAddress(text);
  if (address === undefined || (address.user === undefined && address.port === undefined)) {
    return { ...form, host: text };
  }
  return { ...form, host: address.host, user: address.user ?? form.user, port: address.port ?? form.port };
}

function authenticationOf({ method, keyPath, agentSocket }: LoginForm): unknown {
  if (method === 'key') return { method, path: keyPath.trim() };
  const socket = agentSocket.trim();
  return method === 'agent' && socket !== '' ? { method, socket } : { method };
}

/** The configuration that a form stands for, with what the form does not show, or what is wrong with it in words. */
export function configOf(
  form: ServerForm,
  id: string,
  kept: Pick<SshTargetConfig, 'pyroscope' | 'tunnels'>,
): { readonly config: SshTargetConfig } | { readonly errors: FormErrors } {
  const host = form.host.trim();
  const group = form.group.trim();
  const candidate = {
    kind: 'ssh',
    id,
    name: form.name.trim() === '' ? host : form.name,
    host,
    port: Number(form.port),
    user: form.user.trim(),
    authentication: authenticationOf(form),
    ...(form.jumps.length === 0 ? {} : { jumps: form.jumps.map(hopOf) }),
    ...(group === '' ? {} : { group }),
    ...(form.colour === 'none' ? {} : { colour: form.colour }),
    ...(form.openssh === null ? {} : { openssh: form.openssh }),
    ...(form.debuginfod === null ? {} : { debuginfod: form.debuginfod.trim() }),
    ...(form.startsAtBoot ? { startsAtBoot: true } : {}),
    ...(kept.pyroscope === undefined ? {} : { pyroscope: kept.pyroscope }),
    ...(kept.tunnels === undefined ? {} : { tunnels: kept.tunnels }),
  };
  const parsed = v.safeParse(TargetConfig, candidate);
  if (parsed.success && parsed.output.kind === 'ssh') return { config: parsed.output };
  const errors: FormErrors = {};
  for (const issue of parsed.issues ?? []) {
    const path = v.getDotPath(issue) ?? '';
    const jump = /^jumps\.(\d+)\.(.*)$/.exec(path);
    if (jump !== null) (errors.jumps ??= {})[Number(jump[1])] ??= jumpError(jump[2] ?? '');
    else if (path === 'host') errors.host = host === '' ? 'Which host?' : 'This is no host name or address.';
    else if (path === 'user') errors.user = form.user.trim() === '' ? 'Which user?' : 'This is no user name.';
    else if (path === 'port') errors.port = '1 to 65535';
    else if (path === 'authentication.socket') errors.agentSocket = 'This is no path.';
    else if (path.startsWith('authentication')) errors.keyPath = 'Where is the private key?';
    else if (path === 'debuginfod') errors.debuginfod = `Write an address like ${usualDebuginfod}.`;
    else if (path === 'group') errors.group = 'A group has at most 128 characters.';
    // Without a name of its own it is the host's, which is complained about already.
    else if (form.name.trim() !== '') errors.name = 'A name has at most 128 characters.';
  }
  return { errors };
}

function hopOf(jump: JumpForm): unknown {
  const address = parseAddress(jump.address);
  return {
    host: address?.host ?? '',
    port: Number(address?.port ?? 22),
    user: address?.user ?? '',
    authentication: authenticationOf(jump),
  };
}

function jumpError(field: string): string {
  if (field === 'user') return 'Which user? Write user@host.';
  if (field.startsWith('authentication')) return 'Where is the private key?';
  return field === 'port' ? 'The port is 1 to 65535.' : 'Write user@host or user@host:port.';
}
