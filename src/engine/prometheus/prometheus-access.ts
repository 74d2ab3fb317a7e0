import { fail, ok, type Result } from '../../contract/result.js';
import {
  parsePrometheusPlace,
  type CountedWork,
  type WorkCounter,
  type WorkRange,
} from '../../contract/work-counter.js';
import type { Link } from '../link/link.js';
import type { Prompter } from '../link/prompter.js';
import {
  askLogin,
  isReadableOnTheWay,
  loginHeaders,
  loginWords,
  type Credentials,
  type LoginKind,
} from '../link/server-login.js';
import { Http1Transport } from '../pyroscope/http1-transport.js';
import { countWork } from './count-work.js';

/** What a target's Prometheus servers are reached and asked with. */
export interface PrometheusAccessOptions {
  readonly targetId: string;
  readonly prompter: Prompter;
  readonly targetName: () => string;
  /** The link that a Prometheus on the target's side is reached through. */
  readonly link: () => Link;
}

/** Where a Prometheus is, resolved. */
interface Place {
  readonly url: string;
  /** What messages call it. */
  readonly name: string;
  readonly through: Link | undefined;
}

/** The Prometheus servers that count the work of a target: anywhere, or behind its link. Logins are kept in memory, by server. */
export class PrometheusAccess {
  private readonly options: PrometheusAccessOptions;
  private readonly known = new Map<string, Credentials>();
  private readonly asking = new Map<string, Promise<Credentials | undefined>>();
  private readonly ending = new AbortController();

  constructor(options: PrometheusAccessOptions) {
    this.options = options;
  }

  /** Reads how much work was done in both ranges; asks the user for a login first where the counter says that one is wanted. */
  async count(
    counter: WorkCounter,
    ranges: readonly [WorkRange, WorkRange],
    signal?: AbortSignal,
  ): Promise<Result<CountedWork>> {
    const place = this.placeOf(counter.prometheus);
    if (!place.ok) return place;
    const { url, name, through } = place.value;
    const { login } = counter;
    const key = `${login ?? ''} ${through === undefined ? 'here' : 'target'} ${url}`;
    const credentials = login === undefined ? undefined : await this.credentials(key, place.value, login);
    if (signal?.aborted === true) return fail('cancelled', 'Cancelled.');
    if (login !== undefined && credentials === undefined) {
      return fail('auth-failed', `${name} wants ${loginWords(login)}, and was told none. Read again to be asked.`);
    }
    const headers = loginHeaders(credentials);
    const http = new Http1Transport(url, { link: through, serverName: 'Prometheus', headers });
    try {
      const counted = await countWork(http, name, counter.query, ranges, signal);
      if (counted.ok || counted.failure.code !== 'auth-failed' || login === undefined) return counted;
      this.known.delete(key);
      const wrong = `${name} wants other credentials than it got. Read again to be asked for ${loginWords(login)}.`;
      return fail('auth-failed', wrong, counted.failure.detail);
    } finally {
      http.dispose();
    }
  }

  dispose(): void {
    this.ending.abort();
    this.known.clear();
  }

  private placeOf(text: string): Result<Place> {
    const place = parsePrometheusPlace(text);
    if (place === undefined) {
      return fail('invalid-input', `"${text}" is no place of a Prometheus: say http://HOST:PORT, HOST:PORT or PORT.`);
    }
    const link = this.options.link();
    const through = place.via === 'target' && link.kind === 'ssh' ? link : undefined;
    if (through !== undefined && through.state.state !== 'connected') {
      return fail('not-connected', `Prometheus is reached through ${this.options.targetName()}: connect first.`);
    }
    const url =
      place.via === 'here'
        ? place.url
        : `http://${place.host.includes(':') ? `[${place.host}]` : place.host}:${place.port}`;
    return ok({ url, name: `Prometheus at ${new URL(url).host}`, through });
  }

  /** What the server gets to know; whoever asks at the same time waits for the same answer. */
  private async credentials(
    key: string,
    { url, name, through }: Place,
    login: LoginKind,
  ): Promise<Credentials | undefined> {
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const { targetId, prompter } = this.options;
    const readable = through === undefined && isReadableOnTheWay(url);
    const question = { targetId, server: 'prometheus', name, login, readable } as const;
    const asking =
      this.asking.get(key) ??
      askLogin(prompter, question, this.ending.signal).finally(() => {
        this.asking.delete(key);
      });
    this.asking.set(key, asking);
    const given = await asking;
    if (given !== undefined) this.known.set(key, given);
    return given;
  }
}
