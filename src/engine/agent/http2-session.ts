import {
  connect as connectHttp2,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionRequestOptions,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import { fail, type Result } from '../../contract/result.js';
import { errorText } from '../failures/thrown.js';
import type { HttpReply, HttpRequest, HttpTransport } from '../pyroscope/http-transport.js';
import { readReply } from '../pyroscope/read-reply.js';

/** HTTP/2's default window of 64 KiB would cap a profile at one window a round trip. */
const windowBytes = 8 * 1024 * 1024;

/** Any name: the stream is already open. */
export const agentAuthority = 'http://agent.pyrometer';

/**
 * HTTP/2 with prior knowledge over one stream that is already open. Never reconnects: whoever opened it does. Serves
 * connect-node as its session manager as well.
 */
export class Http2Session implements HttpTransport {
  readonly authority = agentAuthority;
  /** Settles when the session ended, for whatever reason. */
  readonly closed: Promise<void>;
  private readonly session: ClientHttp2Session;
  private readonly compress: boolean;

  /** @param compress whether replies may come as gzip: worth it over a network only */
  constructor(stream: Duplex, compress: boolean) {
    this.compress = compress;
    this.session = connectHttp2(agentAuthority, {
      createConnection: () => stream,
      settings: { initialWindowSize: windowBytes, enablePush: false },
    });
    this.session.on('connect', () => {
      // A stream that ended at once has ended the session before it tells of its beginning.
      if (!this.session.destroyed) this.session.setLocalWindowSize(windowBytes);
    });
    // Requests under way get the error themselves; the close that follows is what the owner acts on.
    this.session.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      this.session.once('close', resolve);
    });
    // With an error, or calls that are under way wait for their time limit.
    const end = (): void => {
      if (!this.session.destroyed) this.session.destroy(new Error('The connection to the agent ended.'));
    };
    stream.on('error', end);
    stream.on('close', end);
    stream.on('end', end);
    if (stream.destroyed) end(); // it ended before anybody listened
  }

  request(
    method: string,
    path: string,
    headers: OutgoingHttpHeaders,
    options: ClientSessionRequestOptions,
  ): Promise<ClientHttp2Stream> {
    return new Promise((resolve) => {
      // Throws when the session ended, which becomes the call's failure.
      const stream = this.session.request({ ...headers, ':method': method, ':path': path }, options);
      stream.once('response', ({ ':status': status, 'content-type': type = '' }) => {
        // An older agent's words on a call that it does not know. Nobody reads them, and a session ends after all of its streams have.
        if (status !== 200 && !type.startsWith('application/json')) stream.resume();
      });
      resolve(stream);
    });
  }

  /** Whether it ended, and calls fail because of that. */
  get ended(): boolean {
    return this.session.destroyed;
  }

  notifyResponseByteRead(): void {
    // Liveness is the link's to watch.
  }

  post(request: HttpRequest): Promise<Result<HttpReply>> {
    let abandon = (): void => undefined;
    return readReply(
      request,
      (head, failed) => {
        const stream = this.session.request({
          ':method': 'POST',
          ':path': request.path,
          'content-type': 'application/proto',
          'connect-protocol-version': '1',
          'accept-encoding': this.compress ? 'gzip' : 'identity',
        });
        abandon = () => {
          stream.close();
        };
        stream.on('error', failed);
        stream.on('close', () => {
          failed(new Error('The stream ended.'));
        });
        stream.on('response', (headers) => {
          head({
            status: headers[':status'] ?? 0,
            contentType: headers['content-type'],
            contentEncoding: headers['content-encoding'],
            stream,
          });
        });
        stream.end(request.body);
      },
      () => {
        abandon();
      },
      (error) => fail('agent-not-running', 'The connection to the agent broke.', errorText(error)).failure,
    );
  }

  dispose(): void {
    this.session.destroy();
  }
}
