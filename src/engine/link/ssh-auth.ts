import type { AnyAuthMethod, AuthenticationType, AuthHandlerMiddleware, ParsedKey, Prompt } from 'ssh2';
import { fail, type Failure } from '../../contract/result.js';
import type { SshHop } from '../../contract/target.js';
import { denied, tooManyAttempts } from './login-failures.js';
import { decodeKey, expandHome, readKeyFile } from './key-file.js';
import type { Prompter, SecretQuestion } from './prompter.js';
import { passphraseQuestion, passwordQuestion, serverQuestion } from './questions.js';

/** What the user told us of one server, for reconnecting. Lives in memory as long as its link, is never stored or logged. */
export interface Secrets {
  password?: string;
  key?: ParsedKey;
}

export interface AuthOptions {
  /** The server that asks. */
  readonly hop: SshHop;
  readonly targetId: string;
  readonly prompter: Prompter;
  readonly secrets: Secrets;
  /** SSH_AUTH_SOCK, undefined where there is none. */
  readonly agentSocket: string | undefined;
  readonly signal: AbortSignal;
  /** Told while a question is open, so that time limits can wait for the user. */
  readonly onAsking: (open: boolean) => void;
}

const maxPasswords = 3;

type Step = 'agent' | 'key' | 'password' | 'interactive';

/**
 * Proves to a server who we are: first the way that the configuration names, then what the server asks itself
 * (keyboard-interactive), which is also the second factor of servers that want two.
 */
export class Authenticator {
  private readonly options: AuthOptions;
  private readonly steps: Step[];
  private readonly tried: string[] = [];
  private allowed: readonly AuthenticationType[] = [];
  private passwordsAsked = 0;
  private own: Failure | undefined;
  private started = false;
  /** The server took an offer and wants another one. */
  private halfway = false;
  private offered: Secrets = {};

  constructor(options: AuthOptions) {
    this.options = options;
    const first = { agent: 'agent', key: 'key', password: 'password' } as const;
    this.steps = [first[options.hop.authentication.method], 'interactive'];
  }

  /** For ssh2's `authHandler`. */
  readonly handler: AuthHandlerMiddleware = (methodsLeft, partial, next) => {
    if (partial) this.halfway = true;
    // ssh2 passes null before the first attempt, which its types do not say.
    const left = methodsLeft as AuthenticationType[] | null;
    if (left !== null) this.allowed = left;
    const giveUp = next as unknown as (method: false) => void; // ssh2 takes false for "nothing left"; its types do not say so
    this.next().then(
      (method) => {
        if (method === undefined) giveUp(false);
        else next(method);
      },
      (error: unknown) => {
        this.own = fail('internal', 'The authentication broke.', String(error)).failure;
        giveUp(false);
      },
    );
  };

  /** Called when the server let us in: what was offered is right, and kept for reconnecting. */
  succeeded(): void {
    Object.assign(this.options.secrets, this.offered);
  }

  /** Why the server did not let us in, what was tried and what it would take. `said` is what the connection ended with. */
  failure(said: string): Failure {
    if (this.own !== undefined) return this.own;
    if (/too many authentication failures/i.test(said)) return tooManyAttempts(this.options.hop, said);
    return denied(this.options.hop, this.tried, this.allowed);
  }

  private async next(): Promise<AnyAuthMethod | undefined> {
    const username = this.options.hop.user;
    if (!this.started) {
      this.started = true;
      return { type: 'none', username }; // asks the server what it takes
    }
    // The last offer was refused, so it must not be used again on reconnecting.
    this.offered = {};
    while (this.steps.length > 0 && !this.options.signal.aborted) {
      const step = this.steps[0];
      const method = step === undefined ? undefined : await this.attempt(step, username);
      if (this.own !== undefined) return undefined;
      if (step !== 'password' || method === undefined) this.steps.shift();
      if (method !== undefined) return method;
    }
    return undefined;
  }

  private attempt(step: Step, username: string): Promise<AnyAuthMethod | undefined> {
    switch (step) {
      case 'agent':
        return Promise.resolve(this.agent(username));
      case 'key':
        return this.key(username);
      case 'password':
        return this.password(username);
      case 'interactive':
        return Promise.resolve(this.interactive(username));
    }
  }

  private agent(username: string): AnyAuthMethod | undefined {
    const { hop } = this.options;
    const own = hop.authentication.method === 'agent' ? hop.authentication.socket : undefined;
    const agentSocket = own === undefined ? this.options.agentSocket : expandHome(own);
    if (agentSocket === undefined || agentSocket === '') {
      this.tried.push('no SSH agent (none is running here: SSH_AUTH_SOCK is not set)');
      return undefined;
    }
    if (!this.allowed.includes('publickey')) return undefined;
    this.tried.push('the keys of the SSH agent');
    return { type: 'agent', username, agent: agentSocket };
  }

  private async key(username: string): Promise<AnyAuthMethod | undefined> {
    const { hop, secrets } = this.options;
    if (hop.authentication.method !== 'key' || !this.allowed.includes('publickey')) return undefined;
    const known = secrets.key;
    if (known !== undefined) return { type: 'publickey', username, key: known };
    const { path } = hop.authentication;
    const file = await readKeyFile(path);
    if (!file.ok) {
      this.own = file.failure;
      return undefined;
    }
    let parsed = file.value.facts.encrypted ? undefined : await decodeKey(file.value);
    for (let asked = 0; parsed === undefined || (!parsed.ok && asked > 0 && asked < maxPasswords); asked++) {
      const passphrase = await this.ask(passphraseQuestion(path, asked));
      if (passphrase === undefined) return undefined;
      parsed = await decodeKey(file.value, passphrase[0]);
    }
    if (!parsed.ok) {
      this.own = parsed.failure;
      return undefined;
    }
    this.offered = { key: parsed.value };
    this.tried.push(`the key ${path}`);
    return { type: 'publickey', username, key: parsed.value };
  }

  private async password(username: string): Promise<AnyAuthMethod | undefined> {
    if (!this.allowed.includes('password')) return undefined;
    const { hop, secrets } = this.options;
    let { password } = secrets;
    if (password !== undefined) delete secrets.password;
    else {
      if (this.passwordsAsked >= maxPasswords) return undefined;
      const answer = await this.ask(passwordQuestion(hop, this.passwordsAsked));
      this.passwordsAsked++;
      password = answer?.[0];
      if (password === undefined) return undefined;
    }
    this.offered = { password };
    if (!this.tried.includes('the password')) this.tried.push('the password');
    return { type: 'password', username, password };
  }

  private interactive(username: string): AnyAuthMethod | undefined {
    // After the agent, ssh2 does not say what the server still takes; it may want a second factor now.
    const { method } = this.options.hop.authentication;
    // A key that is not accepted is a mistake to be told, not a reason to ask for a password.
    if (method === 'key' && !this.halfway) return undefined;
    const afterAgent = method === 'agent' && this.tried.length > 0;
    if (!afterAgent && !this.allowed.includes('keyboard-interactive')) return undefined;
    return {
      type: 'keyboard-interactive',
      username,
      prompt: (name: string, instructions: string, _language: string, prompts: Prompt[], finish) => {
        if (!this.tried.includes("the server's own questions")) this.tried.push("the server's own questions");
        const { host } = this.options.hop;
        const said = [name, instructions].filter((text) => text.trim() !== '').join(': ');
        const fields = prompts.map((prompt) => ({ label: prompt.prompt, echo: prompt.echo === true }));
        this.ask(serverQuestion(host, said, fields)).then(
          (answers) => {
            finish(answers === undefined ? prompts.map(() => '') : [...answers]);
          },
          () => {
            finish(prompts.map(() => ''));
          },
        );
      },
    };
  }

  /** undefined: the user did not want to, and everything ends as cancelled. */
  private async ask(question: Omit<SecretQuestion, 'targetId'>): Promise<readonly string[] | undefined> {
    if (this.own !== undefined) return undefined;
    this.options.onAsking(true);
    const answers = await this.options.prompter
      .askSecret({ targetId: this.options.targetId, ...question }, this.options.signal)
      .finally(() => {
        this.options.onAsking(false);
      });
    if (answers !== null) return answers;
    this.own = fail('cancelled', 'The connection needs an answer that was not given.').failure;
    return undefined;
  }
}
