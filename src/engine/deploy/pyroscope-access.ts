import type { PushAuthentication } from '../../contract/push.js';
import { fail, ok, type Result } from '../../contract/result.js';
import type { PyroscopeConfig, PyroscopeState } from '../../contract/target.js';
import type { Link } from '../link/link.js';
import type { Prompter } from '../link/prompter.js';
import { askLogin, isReadableOnTheWay, loginHeaders, loginWords, type Credentials } from '../link/server-login.js';
import { Http1Transport } from '../pyroscope/http1-transport.js';
import { PusherClient } from '../pyroscope/pusher-client.js';
import { QuerierClient } from '../pyroscope/querier-client.js';

export interface PyroscopeAccessOptions {
  readonly targetId: string;
  readonly config: PyroscopeConfig | undefined;
  readonly prompter: Prompter;
  readonly targetName: () => string;
  /** The link that a tunnelled Pyroscope is reached through. */
  readonly link: () => Link;
  readonly onChange: () => void;
}

/** The Pyroscope that belongs to a target, reached directly or through the target's link. */
export class PyroscopeAccess {
  private readonly options: PyroscopeAccessOptions;
  private config: PyroscopeConfig | undefined;
  private now: PyroscopeState;
  private querier: QuerierClient | undefined;
  private pushing: PusherClient | undefined;
  /** Kept in memory until the server refuses them, another server is set, or the app ends. */
  private credentials: Credentials | undefined;
  private asking: Promise<Credentials | undefined> | undefined;
  private ending = new AbortController();
  private disposed = false;

  constructor(options: PyroscopeAccessOptions) {
    this.options = options;
    this.config = options.config;
    this.now = { state: options.config === undefined ? 'none' : 'unknown' };
  }

  get state(): PyroscopeState {
    return this.now;
  }

  /** "not-found" where no Pyroscope is set, "not-connected" where its link is down, "auth-failed" without what it wants to know. */
  client(): Result<QuerierClient> {
    const reached = this.reach();
    if (!reached.ok) return reached;
    this.querier ??= new QuerierClient(reached.value.transport(), reached.value.name);
    return ok(this.querier);
  }

  /** The same for what pushes. */
  pusher(): Result<PusherClient> {
    const reached = this.reach();
    if (!reached.ok) return reached;
    this.pushing ??= new PusherClient(reached.value.transport(), reached.value.name);
    return ok(this.pushing);
  }

  private reach(): Result<{ readonly transport: () => Http1Transport; readonly name: string }> {
    const { config, credentials } = this;
    if (config === undefined) return fail('not-found', 'No Pyroscope address is set for this target: set one.');
    const link = this.options.link();
    const through = config.reach === 'tunnel' && link.kind === 'ssh' ? link : undefined;
    if (through !== undefined && through.state.state !== 'connected') {
      return fail('not-connected', `Pyroscope is reached through ${this.options.targetName()}: connect first.`);
    }
    if (config.login !== undefined && credentials === undefined) return fail('auth-failed', this.unknown(config));
    return ok({
      transport: () => new Http1Transport(config.url, { link: through, headers: headersOf(config, credentials) }),
      name: nameOf(config),
    });
  }

  /** Another server, or none. */
  reconfigure(config: PyroscopeConfig | undefined): void {
    this.drop();
    this.ending.abort();
    this.ending = new AbortController();
    if (config?.url !== this.config?.url || config?.login !== this.config?.login) this.credentials = undefined;
    this.config = config;
    this.now = { state: config === undefined ? 'none' : 'unknown' };
  }

  /** Asks it something small, after asking for what it wants to know; the state tells what came of it. */
  async check(): Promise<void> {
    const { config } = this;
    if (config === undefined) return;
    await this.authentication();
    if (this.config !== config) return;
    const client = this.client();
    if (!client.ok) {
      if (client.failure.code === 'auth-failed') this.failed(client.failure.message);
      return; // asked again when the link is there
    }
    const now = Date.now();
    const types = await client.value.profileTypes({ startMs: now - 3_600_000, endMs: now });
    if (this.disposed || this.config !== config) return;
    if (!types.ok && types.failure.code === 'auth-failed' && this.credentials !== undefined) {
      this.credentials = undefined;
      this.drop();
    }
    this.now = types.ok ? { state: 'ok' } : { state: 'failed', message: types.failure.message };
    this.options.onChange();
  }

  /** How whoever uses this server proves who it is; the user is asked once. Undefined where there was no answer. */
  async authentication(): Promise<PushAuthentication | undefined> {
    const { config } = this;
    if (config?.login === undefined) return { kind: 'keep' };
    if (this.credentials !== undefined) return this.credentials;
    this.asking ??= this.ask(config, config.login).finally(() => {
      this.asking = undefined;
    });
    const given = await this.asking;
    if (given !== undefined && this.config === config) this.credentials = given;
    return given;
  }

  /** The agent, or who records instead, does not push to it. */
  notPushed(reason: string, who = 'The agent'): void {
    this.failed(`${who} does not push: ${reason}`);
  }

  /** Lets go of connections, which may belong to a link that is gone. */
  drop(): void {
    this.querier?.dispose();
    this.querier = undefined;
    this.pushing?.dispose();
    this.pushing = undefined;
  }

  dispose(): void {
    this.disposed = true;
    this.ending.abort();
    this.drop();
  }

  private failed(message: string): void {
    this.now = { state: 'failed', message };
    this.options.onChange();
  }

  private unknown(config: PyroscopeConfig): string {
    const wanted = config.login === undefined ? 'a login' : loginWords(config.login);
    return `${nameOf(config)} wants ${wanted}: open "Pyroscope…" and save, to be asked again.`;
  }

  private ask(config: PyroscopeConfig, login: NonNullable<PyroscopeConfig['login']>): Promise<Credentials | undefined> {
    const { targetId, prompter } = this.options;
    const tunnelled = config.reach === 'tunnel' && this.options.link().kind === 'ssh';
    const readable = !tunnelled && isReadableOnTheWay(config.url);
    const question = { targetId, server: 'pyroscope', name: nameOf(config), login, readable } as const;
    return askLogin(prompter, question, this.ending.signal);
  }
}

function nameOf(config: PyroscopeConfig): string {
  return `Pyroscope at ${new URL(config.url).host}`;
}

function headersOf(
  { tenant }: PyroscopeConfig,
  credentials: Credentials | undefined,
): Readonly<Record<string, string>> {
  return { ...(tenant === undefined ? {} : { 'x-scope-orgid': tenant }), ...loginHeaders(credentials) };
}
