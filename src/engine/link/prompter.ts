/** What is known of a host key that nobody accepted yet. */
export interface HostKeyQuestion {
  readonly targetId: string;
  /** "host" or "[host]:port". */
  readonly host: string;
  readonly keyType: string;
  /** SHA256:..., as OpenSSH prints it. */
  readonly fingerprint: string;
}

/** Which kind of server a login is for. */
export type LoginServer = 'pyroscope' | 'prometheus';

/** A question for secrets; see the contract's Prompt for what the texts must say. */
export interface SecretQuestion {
  readonly targetId: string;
  /** It is a login of such a server, which a command line may have been told before. */
  readonly server?: LoginServer;
  readonly title: string;
  readonly explanation: string;
  readonly fields: readonly { readonly label: string; readonly echo: boolean }[];
}

/** Asks the user: the window by prompts, the command line on the terminal. Answers end with the signal. */
export interface Prompter {
  /** Whether the key is the right one. */
  acceptHostKey(question: HostKeyQuestion, signal: AbortSignal): Promise<boolean>;
  /** One answer a field, or null when the user did not want to answer. Answers are never stored or logged. */
  askSecret(question: SecretQuestion, signal: AbortSignal): Promise<readonly string[] | null>;
}

/** For where nobody can be asked: accepts nothing and answers nothing. */
export const silentPrompter: Prompter = {
  acceptHostKey: () => Promise.resolve(false),
  askSecret: () => Promise.resolve(null),
};
