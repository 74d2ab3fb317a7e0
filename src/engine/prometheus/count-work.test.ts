import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { fail, ok, type Result } from '../../contract/result.js';
import type { CountedWork } from '../../contract/work-counter.js';
import type { Address, Link } from '../link/link.js';
import { LocalLink } from '../link/local-link.js';
import { silentPrompter } from '../link/prompter.js';
import { PrometheusAccess } from './prometheus-access.js';
import { growing, serving, type Series, type Values } from './testing/fake-prometheus.js';

// The server here is the test's own and answers what it is told to; e2e/ui/compare-work asks a real Prometheus where there is one.

const ranges = [
  { startMs: 1_000_000, endMs: 1_600_000 },
  { startMs: 1_600_000, endMs: 2_200_000 },
] as const;
const accessOver = (link: Link): PrometheusAccess =>
  new PrometheusAccess({ targetId: 'web', prompter: silentPrompter, targetName: () => 'web-1', link: () => link });
const values = (form: URLSearchParams, of: (share: number) => string): Values => {
  const [start = 0, end = 0] = ['start', 'end'].map((key) => Number(form.get(key)));
  return Array.from({ length: 11 }, (_, at) => [start + ((end - start) * at) / 10, of(at / 10)]);
};

const read = async (
  port: number,
  query = 'sum(requests_total)',
  link: Link = new LocalLink(),
): Promise<Result<CountedWork>> => accessOver(link).count({ prometheus: String(port), query }, ranges);
const failure = (result: Result<CountedWork>) => (result.ok ? undefined : result.failure);

describe('work counted by a Prometheus', () => {
  it('is what the counter grew by in each range, both ends among what is asked', async () => {
    const forms: URLSearchParams[] = [];
    const port = await serving((form) => {
      forms.push(form);
      return growing(forms.length === 1 ? 10 : 12)(form);
    });
    const counted = await read(port);
    expect(counted.ok ? Math.round(counted.value.baseline) : counted).toBe(6000);
    expect(counted.ok ? Math.round(counted.value.comparison) : counted).toBe(7200);
    expect(forms.map((form) => [form.get('query'), form.get('start')])).toEqual([
      ['sum(requests_total)', '1000'],
      ['sum(requests_total)', '1600'],
    ]);
    expect(forms.map((form) => [form.get('end'), form.get('step')])).toEqual([
      ['1600', '1200ms'],
      ['2200', '1200ms'],
    ]);
  });

  it('is asked for with steps of whole milliseconds, of which the last one ends with the range', async () => {
    const forms: URLSearchParams[] = [];
    const port = await serving((form) => {
      forms.push(form);
      return growing(1)(form);
    });
    const prime = [
      { startMs: 1_000_000, endMs: 1_600_011 },
      { startMs: 1_600_000, endMs: 1_600_500 },
    ] as const;
    const counted = await accessOver(new LocalLink()).count({ prometheus: String(port), query: 'x' }, prime);
    expect(counted.ok).toBe(true);
    for (const [at, form] of forms.entries()) {
      const [start = 0, end = 0, step = 1] = ['start', 'end', 'step'].map((key) =>
        Number.parseFloat(form.get(key) ?? ''),
      );
      const { startMs = 0, endMs = 0 } = prime[at] ?? {};
      expect(end * 1000).toBeCloseTo(endMs, 6);
      expect(Math.round((end - start) * 1000) % step).toBe(0);
      expect(start * 1000 - startMs).toBeGreaterThanOrEqual(-1e-6);
      expect(start * 1000 - startMs).toBeLessThan(step);
      expect(Number.isInteger(step)).toBe(true);
    }
  });

  it('goes through the link where the place is the target’s', async () => {
    const port = await serving(growing(1));
    const asked: Address[] = [];
    const link: Link = Object.assign(Object.create(new LocalLink()) as LocalLink, {
      kind: 'ssh' as const,
      open: async (address: Address) => {
        asked.push(address);
        const socket = connect(port, '127.0.0.1');
        await once(socket, 'connect');
        return ok(socket);
      },
    });
    Object.defineProperty(link, 'state', { value: { state: 'connected' }, configurable: true });
    const counted = await accessOver(link).count({ prometheus: 'prometheus:9090', query: 'x' }, ranges);
    expect(failure(counted)).toBeUndefined();
    expect(asked[0]).toEqual({ kind: 'tcp', host: 'prometheus', port: 9090 });
    Object.defineProperty(link, 'state', { value: { state: 'disconnected' } });
    const down = await accessOver(link).count({ prometheus: '9090', query: 'x' }, ranges);
    expect(failure(down)).toMatchObject({
      code: 'not-connected',
      message: 'Prometheus is reached through web-1: connect first.',
    });
    // One that is seen from here needs no link.
    const here = await accessOver(link).count({ prometheus: `http://127.0.0.1:${port}`, query: 'x' }, ranges);
    expect(here.ok).toBe(true);
  });

  it('says what is wrong with an answer', async () => {
    const told = async (
      answer: (form: URLSearchParams) => readonly Series[] | string,
      query?: string,
      status?: number,
    ) => failure(await read(await serving(answer, status), query));
    expect(await told(() => [])).toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('in A') as string,
    });
    const several = await told((form) => [
      ...growing(1, { __name__: 'x', job: 'a' })(form),
      ...growing(1, { __name__: 'x', job: 'b"\n' })(form),
    ]);
    expect(several?.message).toMatch(/2 series in A/);
    expect(several?.detail).toBe('x{job="a"}\nx{job="b\\"\\n"}');
    expect((await told((form) => [{ metric: {}, values: values(form, () => 'NaN') }]))?.message).toMatch(
      /no number at/,
    );
    expect((await told((form) => [{ metric: {}, values: values(form, () => '+Inf') }]))?.message).toMatch(/no number/);
    expect((await told((form) => [{ metric: {}, values: values(form, () => '7') }]))?.message).toMatch(
      /did not grow in A/,
    );
    const fell = (form: URLSearchParams) => [{ metric: {}, values: values(form, (at) => (at < 0.5 ? '100' : '7')) }];
    expect((await told(fell))?.message).toMatch(/The sum fell from 100 to 7 at 1970-01-01T00:21:40Z in A/);
    const late = (form: URLSearchParams) => [{ metric: {}, values: values(form, String).slice(5) }];
    expect((await told(late))?.message).toMatch(
      /in a part of A only, from 1970-01-01T00:21:40Z to 1970-01-01T00:26:40Z/,
    );
    const error = JSON.stringify({
      status: 'error',
      errorType: 'bad_data',
      error: 'parse error: unclosed left parenthesis',
    });
    expect(await told(() => error, 'sum(', 400)).toMatchObject({
      code: 'invalid-input',
      detail: 'parse error: unclosed left parenthesis',
    });
    const busy = JSON.stringify({ status: 'error', errorType: 'timeout', error: 'query timed out' });
    expect(await told(() => busy, undefined, 503)).toMatchObject({ code: 'refused', detail: 'query timed out' });
    for (const body of [
      '<html>hello</html>',
      '[]',
      '{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}',
    ]) {
      expect(await told(() => body), body).toMatchObject({ code: 'unsupported' });
    }
    expect(await told(() => 'no', undefined, 401)).toMatchObject({ code: 'auth-failed', detail: 'HTTP 401' });
  });

  it('makes nothing of what is hostile', async () => {
    const body = (result: unknown, resultType = 'matrix'): string =>
      JSON.stringify({ status: 'success', data: { resultType, result } });
    const one = (points: unknown, metric: unknown = {}): string => body([{ metric, values: points }]);
    const at = (seconds: number | string, value: unknown): string =>
      `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[${seconds},${JSON.stringify(value)}]]}]}}`;
    const answers: readonly (readonly [string, string, RegExp])[] = [
      ['a time that no calendar has', at('1e300', '1'), /does not answer as Prometheus/],
      ['a time that is no number', at('1e999', 'x'), /does not answer as Prometheus/],
      ['a value that is none', one([[1000, 7]]), /does not answer as Prometheus/],
      [
        'values in no order of time',
        one([...[1600, 1000].map((each) => [each, '1'])]),
        /does not answer as Prometheus/,
      ],
      ['no values', one(null), /does not answer as Prometheus/],
      ['labels that are none', one([[1000, '1']], { job: {} }), /does not answer as Prometheus/],
      ['series that are none', body([[], 7, 'x']), /does not answer as Prometheus/],
      ['a result that is none', body({ length: 1 }), /does not answer as Prometheus/],
      ['a vector', body([{ metric: {}, value: [1000, '1'] }], 'vector'), /does not answer as Prometheus/],
      [
        'more points than asked for',
        one(Array.from({ length: 50_000 }, (_, each) => [each, '1'])),
        /check the address/,
      ],
      ['brackets without end', '['.repeat(2_000_000), /check the address/],
      ['hexadecimal', one([1000, 1300, 1600].map((each) => [each, '0x10'])), /no number/],
      ['an empty value', one([1000, 1300, 1600].map((each) => [each, ''])), /no number/],
      [
        'more than there is',
        one([
          [1000, '-1e308'],
          [1600, '1e308'],
        ]),
        /no count of anything/,
      ],
    ];
    for (const [what, answer, said] of answers) {
      expect(failure(await read(await serving(() => answer)))?.message, what).toMatch(said);
    }
  });

  it('reads no more of it than it needs', async () => {
    const many = Array.from({ length: 100_000 }, (_, job) => ({ metric: { job: `${job}` }, values: [] }));
    const several = failure(await read(await serving(() => many)));
    expect(several?.message).toMatch(/100000 series in A/);
    expect(several?.detail).toMatch(/^\{job="0"\}\n.*\n.*\nand 99997 more$/);
    const long = {
      metric: Object.fromEntries(many.slice(0, 1000).map((_, at) => [`l${at}`, 'x'.repeat(1000)])),
      values: [],
    };
    const named = failure(await read(await serving(() => [long, long])));
    expect(named?.detail?.length).toBeLessThan(4000);
    // Zeros are packed a thousand to one.
    const packed = failure(await read(await serving(() => '0'.repeat(40_000_000))));
    expect(packed).toMatchObject({ code: 'too-large', message: expect.stringContaining('more than 16 MiB') as string });
  });

  it('counts on behind a restart of a single series, as Prometheus does', async () => {
    const port = await serving((form) => [
      { metric: {}, values: values(form, (at) => String(at < 0.5 ? 100 + 10 * at : 10 * at)) },
    ]);
    const counted = await read(port, 'requests_total{job="web"}');
    // 100 to 104, then from 0 to 5 and on to 10.
    expect(counted.ok ? counted.value.baseline : counted).toBeCloseTo(14, 9);
  });

  it('says when nothing listens, and what is no place', async () => {
    const closed = await accessOver(new LocalLink()).count({ prometheus: 'http://127.0.0.1:1', query: 'x' }, ranges);
    expect(failure(closed)).toMatchObject({ message: 'Prometheus at 127.0.0.1:1 cannot be reached.' });
    const nowhere = await accessOver(new LocalLink()).count({ prometheus: 'nowhere', query: 'x' }, ranges);
    expect(failure(nowhere)?.code).toBe('invalid-input');
    const refused: Link = Object.assign(Object.create(new LocalLink()) as LocalLink, {
      kind: 'ssh' as const,
      open: () => Promise.resolve(fail('refused', 'refused')),
    });
    Object.defineProperty(refused, 'state', { value: { state: 'connected' } });
    const silent = await accessOver(refused).count({ prometheus: '9090', query: 'x' }, ranges);
    expect(failure(silent)?.message).toMatch(
      /^Nothing answers at 127.0.0.1:9090 on the target: check the address of its Prometheus/,
    );
  });
});
