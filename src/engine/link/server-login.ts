import type { PushAuthentication } from '../../contract/push.js';
import type { LoginServer, Prompter } from './prompter.js';

/** What an HTTP server wants to know of who asks: user and password (RFC 7617), or a token (RFC 6750). */
export type LoginKind = 'basic' | 'bearer';

/** What proves to a server who asks. */
export type Credentials = Extract<PushAuthentication, { kind: LoginKind }>;

/** Whom a login is for. */
export interface LoginQuestion {
  readonly targetId: string;
  readonly server: LoginServer;
  /** "Pyroscope at web-1:4040". */
  readonly name: string;
  readonly login: LoginKind;
  /** The way there is not encrypted, and others may be on it. */
  readonly readable: boolean;
}

/** More often nobody is asked for one login: who answers without looking would be asked for ever. */
const mostTries = 3;

/** Asks the user for a login; undefined where there was no answer, or none that could be sent. */
export async function askLogin(
  prompter: Prompter,
  { targetId, server, name, login, readable }: LoginQuestion,
  signal: AbortSignal,
): Promise<Credentials | undefined> {
  const plain = readable ? ' Its address begins with http: who is on the way can read it.' : '';
  const kept = `It is sent to that server alone, kept until Pyrometer is closed, and never saved.${plain}`;
  for (let tries = 0; tries < mostTries; tries++) {
    const again = `${login === 'basic' ? 'A user has no colon.' : 'A token has letters, digits and signs of ASCII only.'} `;
    const answers = await prompter.askSecret(
      {
        targetId,
        server,
        title: `${name} wants to know who reads`,
        explanation: tries === 0 ? kept : again + kept,
        fields:
          login === 'bearer'
            ? [{ label: 'Token', echo: false }]
            : [
                { label: 'User', echo: true },
                { label: 'Password', echo: false },
              ],
      },
      signal,
    );
    if (answers === null) return undefined;
    const credentials = credentialsOf(login, answers);
    if (credentials !== undefined) return credentials;
  }
  return undefined;
}

/** Answers as credentials; undefined where no header could carry them. */
function credentialsOf(login: LoginKind, answers: readonly string[]): Credentials | undefined {
  const [first = '', password = ''] = answers;
  if (login === 'basic') return first.includes(':') ? undefined : { kind: 'basic', user: first, password };
  // Copied with the end of its line.
  const token = first.trim();
  return /^[\x21-\x7e]+$/.test(token) ? { kind: 'bearer', token } : undefined;
}

/** Credentials as a server reads them. */
export function loginHeaders(credentials: Credentials | undefined): Readonly<Record<string, string>> {
  if (credentials === undefined) return {};
  if (credentials.kind === 'bearer') return { authorization: `Bearer ${credentials.token}` };
  const pair = Buffer.from(`${credentials.user}:${credentials.password}`, 'utf8').toString('base64');
  return { authorization: `Basic ${pair}` };
}

/** What a login is in words: "a token". */
export function loginWords(login: LoginKind): string {
  return login === 'bearer' ? 'a token' : 'a user and a password';
}

/** Whether what is sent to an address, seen from this computer, could be read on the way. */
export function isReadableOnTheWay(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return (
    protocol === 'http:' && hostname !== 'localhost' && hostname !== '[::1]' && !/^127(?:\.\d+){3}$/.test(hostname)
  );
}
