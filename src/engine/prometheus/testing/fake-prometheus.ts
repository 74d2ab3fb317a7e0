import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach } from 'vitest';

/** Seconds and values, as Prometheus writes them. */
export type Values = readonly (readonly [number, string])[];

/** A series of an answer. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: Values;
}

/** What answers a question: series, or what else is written as it is. */
export type Answers = (form: URLSearchParams, headers: IncomingHttpHeaders) => readonly Series[] | string;

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** Serves one answer for each question until the test is over; answers the port. */
export async function serving(
  answer: Answers,
  status: number | ((headers: IncomingHttpHeaders) => number) = 200,
): Promise<number> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
      const told = answer(form, request.headers);
      const data = { resultType: 'matrix', result: told };
      const body = typeof told === 'string' ? told : JSON.stringify({ status: 'success', data });
      response.writeHead(typeof status === 'number' ? status : status(request.headers), {
        'content-type': 'application/json',
        'content-encoding': 'gzip',
      });
      response.end(gzipSync(body));
    });
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A counter that grows so much a second, at the moments that are asked for. */
export const growing =
  (perSecond: number, metric: Readonly<Record<string, string>> = {}) =>
  (form: URLSearchParams): readonly Series[] => {
    const [start = 0, end = 0, step = 1] = ['start', 'end', 'step'].map((key) =>
      Number.parseFloat(form.get(key) ?? ''),
    );
    const values = Array.from({ length: 1 + Math.floor(((end - start) * 1000) / step) }, (_, at) => {
      const seconds = start + (at * step) / 1000;
      return [seconds, String(perSecond * seconds)] as const;
    });
    return [{ metric, values }];
  };
