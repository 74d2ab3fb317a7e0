import type { SecretQuestion } from './prompter.js';

/** A question without the target that it is about. */
type Question = Omit<SecretQuestion, 'targetId'>;

/** @param asked how often it was asked before: an answer was wrong */
export function passphraseQuestion(path: string, asked: number): Question {
  const again = asked > 0 ? 'That passphrase did not open it. ' : '';
  return {
    title: 'Passphrase of the key',
    explanation: `${again}It opens ${path} on this computer, is not sent anywhere and is not stored.`,
    fields: [{ label: 'Passphrase', echo: false }],
  };
}

/** @param asked how often it was asked before: an answer was wrong */
export function passwordQuestion(
  { user, host }: { readonly user: string; readonly host: string },
  asked: number,
): Question {
  const again = asked > 0 ? 'The server did not accept that password. ' : '';
  return {
    title: `Password of ${user} on ${host}`,
    explanation: `${again}It is sent to ${host} over the encrypted connection, kept in memory while connected, and not stored.`,
    fields: [{ label: 'Password', echo: false }],
  };
}

/** What a server asks itself. `said`: what it says beside its questions. */
export function serverQuestion(host: string, said: string, fields: Question['fields']): Question {
  return {
    title: `${host} asks`,
    explanation: `${said === '' ? '' : `${said} `}Answers are sent to ${host} over the encrypted connection and not stored.`,
    fields,
  };
}
