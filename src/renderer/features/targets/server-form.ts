import * as v from 'valibot';
import { TargetConfig, type SshTargetConfig } from '../../../contract/target.js';

/** What the form for a server holds, as typed. */
export interface ServerForm {
  readonly host: string;
  readonly user: string;
  readonly port: string;
  readonly name: string;
  readonly method: 'agent' | 'key' | 'password';
  readonly keyPath: string;
}

export const emptyServerForm: ServerForm = { host: '', user: '', port: '22', name: '', method: 'agent', keyPath: '' };

/** A saved server as the form shows it. */
export function formOf(config: SshTargetConfig): ServerForm {
  const { authentication } = config;
  return {
    host: config.host,
    user: config.user,
    port: String(config.port),
    name: config.name,
    method: authentication.method,
    keyPath: authentication.method === 'key' ? authentication.path : '',
  };
}

/** What is wrong with the form, by field. */
export type FormErrors = Partial<Record<keyof ServerForm, string>>;

/** "user@host:port" pasted into the host field fills the fields it names. */
export function splitAddress(form: ServerForm, text: string): ServerForm {
  const match = /^(?:ssh:\/\/)?(?:(?<user>[^@\s]+)@)?(?<host>[^@\s:]+|\[[0-9A-Fa-f:.]+\])(?::(?<port>\d{1,5}))?$/.exec(
    text.trim(),
  );
  const groups = match?.groups;
  const host = groups?.['host'];
  if (host === undefined || (groups?.['user'] === undefined && groups?.['port'] === undefined)) {
    return { ...form, host: text };
  }
  return { ...form, host, user: groups['user'] ?? form.user, port: groups['port'] ?? form.port };
}

/** The configuration that a form stands for, or what is wrong with it in words. */
export function configOf(
  form: ServerForm,
  id: string,
  pyroscope: TargetConfig['pyroscope'],
): { readonly config: TargetConfig } | { readonly errors: FormErrors } {
  const host = form.host.trim();
  const candidate = {
    kind: 'ssh',
    id,
    name: form.name.trim() === '' ? host : form.name,
    host,
    port: Number(form.port),
    user: form.user.trim(),
    authentication: form.method === 'key' ? { method: 'key', path: form.keyPath.trim() } : { method: form.method },
    ...(pyroscope === undefined ? {} : { pyroscope }),
  };
  const parsed = v.safeParse(TargetConfig, candidate);
  if (parsed.success) return { config: parsed.output };
  const errors: FormErrors = {};
  for (const issue of parsed.issues) {
    const path = v.getDotPath(issue) ?? '';
    if (path === 'host') errors.host = host === '' ? 'Which host?' : 'This is no host name or address.';
    else if (path === 'user') errors.user = form.user.trim() === '' ? 'Which user?' : 'This is no user name.';
    else if (path === 'port') errors.port = '1 to 65535';
    else if (path.startsWith('authentication')) errors.keyPath = 'Where is the private key?';
    // Without a name of its own it is the host's, which is complained about already.
    else if (form.name.trim() !== '') errors.name = 'A name has at most 128 characters.';
  }
  return { errors };
}
