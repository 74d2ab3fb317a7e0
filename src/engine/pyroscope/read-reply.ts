import type { Readable } from 'node:stream';
import { fail, ok, type Failure, type Result } from '../../contract/result.js';
import { errorText } from '../failures/thrown.js';
import type { HttpReply, HttpRequest } from './http-transport.js';

/** What both versions of HTTP give for reading a reply. */
export interface ReplyStream {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly stream: Readable;
}

/**
 * Sends one request and reads its reply within the request's bounds. `send` calls back once with the reply's head or
 * with why there is none; `abandon` ends whatever is under way.
 */
export function readReply(
  request: HttpRequest,
  send: (head: (reply: ReplyStream) => void, failed: (error: unknown) => void) => void,
  abandon: () => void,
  failureOf: (error: unknown) => Failure,
): Promise<Result<HttpReply>> {
  return new Promise((resolve) => {
    let settled = false;
    const settle = (result: Result<HttpReply>): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      request.signal?.removeEventListener('abort', onAbort);
      resolve(result);
      if (!result.ok) abandon();
    };
    const timer = setTimeout(() => {
      settle(fail('timeout', `The server did not answer within ${Math.ceil(request.timeoutMs / 1000)} s.`));
    }, request.timeoutMs);
    const onAbort = (): void => {
      settle(fail('cancelled', 'Cancelled.'));
    };
    const onError = (error: unknown): void => {
      settle({ ok: false, failure: failureOf(error) });
    };
    request.signal?.addEventListener('abort', onAbort, { once: true });
    if (request.signal?.aborted === true) {
      onAbort();
      return;
    }
    const onHead = (reply: ReplyStream): void => {
      const chunks: Buffer[] = [];
      let size = 0;
      reply.stream.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > request.maxReplyBytes) {
          const limit = Math.round(request.maxReplyBytes / 1024 / 1024);
          settle(fail('too-large', `The answer is larger than ${limit} MiB: choose a shorter range or one service.`));
        } else chunks.push(chunk);
      });
      reply.stream.on('error', onError);
      reply.stream.on('aborted', () => {
        onError(new Error('The answer was cut off.'));
      });
      reply.stream.on('close', () => {
        onError(new Error('The answer was cut off.'));
      });
      reply.stream.on('end', () => {
        settle(
          ok({
            status: reply.status,
            contentType: (reply.contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '',
            gzip: reply.contentEncoding === 'gzip',
            body: Buffer.concat(chunks),
          }),
        );
      });
    };
    try {
      send(onHead, onError);
    } catch (error) {
      settle(fail('internal', 'The request could not be made.', errorText(error)));
    }
  });
}
