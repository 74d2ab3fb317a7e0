import type { HostKeyQuestion, SecretQuestion } from '../prompter.js';
import { passphraseQuestion, passwordQuestion, serverQuestion } from '../questions.js';
import type { AskpassQuestion } from './askpass.js';

/** A question of ssh's in our words. */
export type Question =
  | { readonly kind: 'host-key'; readonly question: Omit<HostKeyQuestion, 'targetId'> }
  /** `key`: the key's file where it is a key's passphrase. `keep`: may be answered the same way on reconnecting. */
  | {
      readonly kind: 'secret';
      readonly question: Omit<SecretQuestion, 'targetId'>;
      readonly about: 'passphrase' | 'password' | 'server' | 'other';
      readonly key?: string;
    }
  /** Only told: to touch a security key. */
  | { readonly kind: 'notice'; readonly text: string }
  /** Nothing that we answer. */
  | { readonly kind: 'other' };

/** Key types of fingerprints that ssh prints, as known_hosts files call them. */
const keyTypes: Readonly<Record<string, string>> = {
  ED25519: 'ssh-ed25519',
  RSA: 'ssh-rsa',
  'ED25519-SK': 'sk-ssh-ed25519@openssh.com',
  'ECDSA-SK': 'sk-ecdsa-sha2-nistp256@openssh.com',
};

/**
 * What ssh asks for. Texts are OpenSSH's own (sshconnect.c, sshconnect2.c) and always in English; what a server asks
 * begins with "(user@host) ", so that no server can ask as if it were ssh.
 *
 * @param asked how often the same was asked before in this connection
 */
export function readQuestion({ hint, text }: AskpassQuestion, asked: number): Question {
  if (hint === 'none') return { kind: 'notice', text };
  if (hint === 'confirm') return { kind: 'other' };
  const server = /^\(([^)]*)\) (.*)$/s.exec(text);
  if (server !== null) {
    const [, who = '', prompt = ''] = server;
    const host = who.slice(who.lastIndexOf('@') + 1);
    const question = serverQuestion(host, '', [{ label: prompt, echo: false }]);
    return { kind: 'secret', about: 'server', question };
  }
  const hostKey =
    /^The authenticity of host '(\S+)(?: \(.*\))?' can't be established.*?^(\S+) key fingerprint is (SHA256:[A-Za-z0-9+/]+)\.?$/ms.exec(
      text,
    );
  if (hostKey !== null) {
    const [, host = '', type = '', fingerprint = ''] = hostKey;
    return { kind: 'host-key', question: { host, keyType: keyTypes[type] ?? type, fingerprint } };
  }
  const key = /^Enter passphrase for key '(.*)': $/s.exec(text)?.[1];
  if (key !== undefined) {
    return { kind: 'secret', about: 'passphrase', key, question: passphraseQuestion(key, asked) };
  }
  const login = /^(.+)@([^@]+)'s password: $/s.exec(text);
  if (login !== null) {
    const [, user = '', host = ''] = login;
    return { kind: 'secret', about: 'password', question: passwordQuestion({ user, host }, asked) };
  }
  if (text.endsWith('?') || text.endsWith('? ')) return { kind: 'other' }; // yes or no to something that we never want
  const label = text.replace(/:\s*$/, '');
  const question = {
    title: 'The system’s ssh asks',
    explanation: 'The answer is given to ssh on this computer and not stored.',
    fields: [{ label, echo: false }],
  };
  return { kind: 'secret', about: 'other', question };
}
