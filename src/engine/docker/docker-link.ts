import { Agent } from 'node:http';
import type { Duplex } from 'node:stream';
import Docker from 'dockerode';
import { fail, type Failure } from '../../contract/result.js';
import { errorText } from '../failures/thrown.js';
import type { Address, Link } from '../link/link.js';

/** Opens a stream of the link for each request: nothing is kept that a reconnect would break. */
class LinkAgent extends Agent {
  private readonly link: Link;
  private readonly address: Address;

  constructor(link: Link, address: Address) {
    super({ keepAlive: false });
    this.link = link;
    this.address = address;
  }

  override createConnection(
    _options: unknown,
    opened?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | undefined {
    void this.link.open(this.address).then((result) => {
      // Node takes an error without a stream; its types do not say so.
      if (result.ok) opened?.(null, result.value);
      else opened?.(new Error(result.failure.message), undefined as unknown as Duplex);
    });
    return undefined;
  }
}

/** Docker's API at an address on the target's side. Its calls reject with what Docker said. */
export function dockerOver(link: Link, address: Address): Docker {
  // docker-modem takes an agent, which its types do not know.
  const options = { host: 'docker', protocol: 'http' as const, port: 80, agent: new LinkAgent(link, address) };
  return new Docker(options);
}

/** The HTTP status of an error of Docker's; undefined when it did not answer. */
export function dockerStatus(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' ? error.statusCode : undefined;
}

/** A failure of Docker's in a sentence of ours; what it said stays as detail. */
export function dockerFailure(error: unknown, sentence: string): { ok: false; failure: Failure } {
  const status = dockerStatus(error);
  const code = status === 404 ? 'not-found' : status === undefined ? 'not-connected' : 'docker-denied';
  return fail(code, sentence, errorText(error));
}
