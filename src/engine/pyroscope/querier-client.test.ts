import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterEach, describe, expect, it } from 'vitest';
import type { Result } from '../../contract/result.js';
import { cpuProfileType } from '../../contract/selection.js';
import {
  ProfileTypesResponseSchema,
  SelectSeriesRequestSchema,
  SelectSeriesResponseSchema,
  SeriesResponseSchema,
} from '../gen/querier/v1/querier_pb.js';
import { LocalLink } from '../link/local-link.js';
import { Http1Transport } from './http1-transport.js';
import { QuerierClient, unwrapError } from './querier-client.js';
import { quoteLabelValue } from '../../core/words/selectors.js';
import { serviceSelector } from './selectors.js';
import { pyroscopeServices, timeline } from './source-views.js';

const range = { startMs: 1_000_000, endMs: 1_060_000 };
const query = { profileType: cpuProfileType, selector: '{}', ...range };

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe('QuerierClient', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function serveWith(
    answer: (request: IncomingMessage, response: ServerResponse) => void,
    path = '',
  ): Promise<QuerierClient> {
    const server = createServer(answer).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
    return new QuerierClient(new Http1Transport(url), 'Pyroscope at web');
  }

  const proto = { 'content-type': 'application/proto' };

  it('asks below the path of the address, in protobuf, and reads gzip', async () => {
    let seen: string | undefined;
    const client = await serveWith((request, response) => {
      seen = `${request.method ?? ''} ${request.url ?? ''} ${request.headers['content-type'] ?? ''}`;
      const message = create(ProfileTypesResponseSchema, { profileTypes: [{ ID: cpuProfileType }] });
      response.writeHead(200, { ...proto, 'content-encoding': 'gzip' });
      response.end(gzipSync(toBinary(ProfileTypesResponseSchema, message)));
    }, '/pyroscope/');
    expect(value(await client.profileTypes(range))).toEqual([cpuProfileType]);
    expect(seen).toBe('POST /pyroscope/querier.v1.QuerierService/ProfileTypes application/proto');
  });

  it('hands on the bytes of a profile as they came', async () => {
    const bytes = gzipSync('a profile');
    const client = await serveWith((_request, response) => {
      response.writeHead(200, { ...proto, 'content-encoding': 'gzip' });
      response.end(bytes);
    });
    expect(Buffer.from(value(await client.mergeProfile(query))).equals(bytes)).toBe(true);
  });

  it('refuses a profile that is none before anybody decodes it, and takes one without samples', async () => {
    const bodies = [Buffer.from([0xff, 0xff, 0x07]), Buffer.from('It works!'), Buffer.from([])];
    const client = await serveWith((_request, response) => {
      response.writeHead(200, proto);
      response.end(bodies.shift());
    });
    const refused = {
      code: 'pyroscope-error',
      message: expect.stringContaining('did not answer as a Pyroscope') as unknown,
    };
    expect(await client.mergeProfile(query)).toMatchObject({ ok: false, failure: refused });
    expect(await client.mergeProfile(query)).toMatchObject({ ok: false, failure: refused });
    expect(value(await client.mergeProfile(query)).length).toBe(0);
  });

  it.each<[string, number, Record<string, string>, string, string]>([
    [
      'a nested error',
      400,
      { 'content-type': 'application/json' },
      JSON.stringify({
        code: 'invalid_argument',
        message: JSON.stringify({ code: 'invalid_argument', message: '1:4: parse error' }),
      }),
      'Pyroscope at web answered: 1:4: parse error',
    ],
    ['no such call', 404, { 'content-type': 'text/plain' }, '404 page not found', 'does not know'],
    ['a proxy that wants a login', 401, {}, '<html>', 'credentials'],
    ['an error without words', 500, {}, '', 'HTTP 500'],
    ['a web page', 200, { 'content-type': 'text/html' }, '<html>', 'did not answer as a Pyroscope'],
    ['bytes that are no message', 200, proto, '\xff\xff\xff', 'did not answer as a Pyroscope'],
    ['gzip that is none', 200, { ...proto, 'content-encoding': 'gzip' }, 'plain', 'did not answer as a Pyroscope'],
  ])('explains %s', async (_name, status, headers, body, said) => {
    const client = await serveWith((_request, response) => {
      response.writeHead(status, headers);
      response.end(Buffer.from(body, 'latin1'));
    });
    const result = await client.profileTypes(range);
    const code = status === 401 ? 'auth-failed' : 'pyroscope-error';
    expect(result).toMatchObject({ ok: false, failure: { code } });
    if (!result.ok) expect(result.failure.message).toContain(said);
  });

  it('explains an answer that is cut off, a closed port and a wait that was given up', async () => {
    const cut = await serveWith((_request, response) => {
      response.writeHead(200, { ...proto, 'content-length': '100' });
      response.write('some');
      setTimeout(() => response.destroy(), 20);
    });
    expect(await cut.profileTypes(range)).toMatchObject({ ok: false });
    const closed = new QuerierClient(new Http1Transport('http://127.0.0.1:1'), 'Pyroscope');
    expect(await closed.profileTypes(range)).toMatchObject({ ok: false, failure: { code: 'refused' } });
    const throughLink = new QuerierClient(
      new Http1Transport('http://127.0.0.1:1', { link: new LocalLink() }),
      'Pyroscope',
    );
    expect(await throughLink.profileTypes(range)).toMatchObject({ ok: false, failure: { code: 'refused' } });
    const silent = await serveWith(() => undefined);
    expect(await silent.profileTypes(range, AbortSignal.timeout(50))).toMatchObject({
      ok: false,
      failure: { code: 'cancelled' },
    });
  });

  it('refuses an answer without end', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(200, proto);
      response.end(Buffer.alloc(100_000));
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const http = new Http1Transport(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const reply = await http.post({ path: '/x', body: new Uint8Array(), maxReplyBytes: 99_999, timeoutMs: 5000 });
    expect(reply).toMatchObject({ ok: false, failure: { code: 'too-large' } });
  });

  it('lays points on steps that begin at the range, and leaves gaps', async () => {
    const client = await serveWith((request, response) => {
      void bodyOf(request).then((body) => {
        const asked = fromBinary(SelectSeriesRequestSchema, body);
        // What began in [start, start + step) is the point at the step's last millisecond.
        expect(asked).toMatchObject({ start: 1_014_999n, end: 1_059_999n, step: 15 });
        const points = [
          { timestamp: 1_014_999n, value: 15e9 },
          { timestamp: 1_044_999n, value: 7.5e9 },
        ];
        const message = create(SelectSeriesResponseSchema, { series: [{ points }, { points: [points[0]!] }] });
        response.writeHead(200, proto);
        response.end(toBinary(SelectSeriesResponseSchema, message));
      });
    });
    const course = value(await timeline(client, query, 15_000));
    expect(course).toMatchObject({ startMs: 1_000_000, stepMs: 15_000, unit: 'cores' });
    expect([...course.values]).toEqual([2, Number.NaN, 0.5, Number.NaN]);
    const memory = await timeline(client, { ...query, profileType: 'memory:alloc_space:bytes:space:bytes' }, 15_000);
    expect(value(memory).unit).toBe('bytes/s');
  });

  it('lists services that others pushed, with their types', async () => {
    const other = 'memory:inuse_space:bytes:space:bytes';
    const label = (name: string, text: string) => ({ name, value: text });
    const client = await serveWith((request, response) => {
      response.writeHead(200, proto);
      if (request.url?.endsWith('/Series') === true) {
        const labelsSet = [
          { labels: [label('service_name', 'web"x'), label('__profile_type__', cpuProfileType)] },
          { labels: [label('service_name', 'web"x'), label('__profile_type__', other)] },
          { labels: [label('service_name', 'sdk'), label('__profile_type__', other)] },
        ];
        response.end(toBinary(SeriesResponseSchema, create(SeriesResponseSchema, { labelsSet })));
        return;
      }
      const series = [{ labels: [label('service_name', 'web"x')], points: [{ timestamp: 1_014_999n, value: 30e9 }] }];
      response.end(toBinary(SelectSeriesResponseSchema, create(SelectSeriesResponseSchema, { series })));
    });
    const rows = value(await pyroscopeServices(client, range));
    expect(rows).toMatchObject([
      { name: 'web"x', selector: '{service_name="web\\"x"}', profileTypes: [other, cpuProfileType], cpuCores: 0.5 },
      { name: 'sdk', profileTypes: [other] },
    ]);
    expect(rows[1]?.cpuCores).toBeUndefined();
  });
});

describe('selectors', () => {
  it('quotes names that others chose', () => {
    expect(quoteLabelValue('a"b\\c\nd')).toBe('"a\\"b\\\\c\\nd"');
    expect(serviceSelector('x"} or {y="')).toBe('{service_name="x\\"} or {y=\\""}');
  });
});

describe('unwrapError', () => {
  it('reads the innermost message', () => {
    expect(unwrapError('{"code":"x","message":"plain"}')).toBe('plain');
    expect(unwrapError('{"code":"x","message":"{\\"code\\":\\"y\\",\\"message\\":\\"deep\\"}"}')).toBe('deep');
    expect(unwrapError('{"code":"x","message":"{\\"other\\":1}"}')).toBe('{"other":1}');
    expect(unwrapError('<html>')).toBeUndefined();
  });
});
