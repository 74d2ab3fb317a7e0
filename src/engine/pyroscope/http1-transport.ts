import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect as connectTls } from 'node:tls';
import type { Duplex } from 'node:stream';
import { fail, type Failure, type Result } from '../../contract/result.js';
import type { Link } from '../link/link.js';
import { errorText } from '../failures/thrown.js';
import { dialFailure } from '../link/socket-failures.js';
import type { HttpReply, HttpRequest, HttpTransport } from './http-transport.js';
import { readReply } from './read-reply.js';

/** An error that carries what the app can act on through Node's HTTP client. */
class StreamError extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/**
 * A server at an http(s) address: as seen from the target, over streams of its link, or from here. Streams of a link
 * need no local port, so nobody else on this computer can use them.
 */
export class Http1Transport implements HttpTransport {
  private readonly base: URL;
  private readonly host: string;
  private readonly port: number;
  private readonly link: Link | undefined;
  private readonly headers: Readonly<Record<string, string>>;
  private readonly serverName: string;
  private readonly ending = new AbortController();

  /** `headers` go with each request, to this server alone: redirects are not followed. `serverName` is what messages call it. */
  constructor(
    url: string,
    {
      link,
      headers = {},
      serverName = 'Pyroscope',
    }: {
      readonly link?: Link | undefined;
      readonly headers?: Readonly<Record<string, string>>;
      readonly serverName?: string;
    } = {},
  ) {
    this.base = new URL(url);
    this.host = this.base.hostname.replace(/^\[(.*)\]$/, '$1');
    this.port = this.base.port === '' ? (this.base.protocol === 'https:' ? 443 : 80) : Number(this.base.port);
    this.link = link;
    this.headers = headers;
    this.serverName = serverName;
  }

  post(request: HttpRequest): Promise<Result<HttpReply>> {
    const secure = this.base.protocol === 'https:';
    const signal =
      request.signal === undefined ? this.ending.signal : AbortSignal.any([request.signal, this.ending.signal]);
    const path = this.base.pathname.replace(/\/$/, '') + request.path;
    const options: RequestOptions = {
      method: 'POST',
      host: this.host,
      port: this.port,
      path,
      headers: {
        ...this.headers,
        'content-type': request.contentType ?? 'application/proto',
        ...(request.contentType === undefined ? { 'connect-protocol-version': '1' } : {}),
        'accept-encoding': 'gzip',
        'content-length': request.body.byteLength,
      },
    };
    const { link } = this;
    const call = secure ? httpsRequest : httpRequest;
    let ongoing: { destroy(): void } | undefined;
    return readReply(
      { ...request, signal },
      (head, failed) => {
        const start = (stream?: Duplex): void => {
          const client = call(
            stream === undefined
              ? { ...options, agent: false }
              : // An agent, even none, would connect by itself.
                { ...options, createConnection: () => this.secured(stream, secure) },
            (reply) => {
              head({
                status: reply.statusCode ?? 0,
                contentType: reply.headers['content-type'],
                contentEncoding: reply.headers['content-encoding'],
                stream: reply,
              });
            },
          );
          ongoing = client;
          client.on('error', failed);
          client.end(request.body);
        };
        if (link === undefined) {
          start();
          return;
        }
        void link
          .open({ kind: 'tcp', host: this.host, port: this.port }, signal)
          .then((opened) => {
            if (!opened.ok) failed(new StreamError(opened.failure));
            else if (signal.aborted) opened.value.destroy();
            else start(opened.value);
          })
          .catch(failed);
      },
      () => ongoing?.destroy(),
      (error) => this.failureOf(error),
    );
  }

  dispose(): void {
    this.ending.abort();
  }

  private secured(stream: Duplex, secure: boolean): Duplex {
    return secure ? connectTls({ socket: stream, servername: this.host }) : stream;
  }

  private failureOf(error: unknown): Failure {
    if (error instanceof StreamError) {
      if (error.failure.code !== 'refused') return error.failure;
      return fail(
        'refused',
        `Nothing answers at ${this.base.host} on the target: check the address of its ${this.serverName} as the target sees it.`,
        error.failure.detail,
      ).failure;
    }
    if (this.link !== undefined) {
      return fail('pyroscope-error', `The connection to ${this.base.host} broke.`, errorText(error)).failure;
    }
    const failure = dialFailure(error, this.host, this.port);
    return fail(failure.code, `${this.serverName} at ${this.base.host} cannot be reached.`, failure.detail).failure;
  }
}
