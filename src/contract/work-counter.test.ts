import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { parsePrometheusPlace, WorkCounter, WorkRange } from './work-counter.js';

describe('the place of a Prometheus', () => {
  it('is an address from here, or a port of the target', () => {
    expect(parsePrometheusPlace(' https://prometheus.example/prefix ')).toEqual({
      via: 'here',
      url: 'https://prometheus.example/prefix',
    });
    expect(parsePrometheusPlace('9090')).toEqual({ via: 'target', host: '127.0.0.1', port: 9090 });
    expect(parsePrometheusPlace('prometheus:9090')).toEqual({ via: 'target', host: 'prometheus', port: 9090 });
    expect(parsePrometheusPlace('[::1]:9090')).toEqual({ via: 'target', host: '::1', port: 9090 });
  });

  it('is nothing that is no address, holds a password, or would become an option', () => {
    for (const text of [
      '',
      'prometheus',
      '0',
      '70000',
      'http://',
      'ftp://host/',
      'file:///etc/passwd',
      'http://user:secret@host:9090',
      '-oProxyCommand=x:9090',
      'a b:9090',
      '/run/prometheus.sock',
      'javascript:alert(1)//',
    ]) {
      expect(parsePrometheusPlace(text), text).toBeUndefined();
    }
  });
});

describe('a counter that crosses between processes', () => {
  it('has a place and an expression', () => {
    const counter = { prometheus: '9090', query: ' sum(x) ' };
    expect(v.parse(WorkCounter, counter)).toEqual({ prometheus: '9090', query: 'sum(x)' });
    expect(v.is(WorkCounter, { ...counter, prometheus: 'nowhere' })).toBe(false);
    expect(v.is(WorkCounter, { ...counter, query: '  ' })).toBe(false);
    expect(v.is(WorkCounter, { ...counter, query: 'x'.repeat(5000) })).toBe(false);
  });

  it('is counted in a range that ends after it begins', () => {
    expect(v.is(WorkRange, { startMs: 1, endMs: 2 })).toBe(true);
    expect(v.is(WorkRange, { startMs: 2, endMs: 2 })).toBe(false);
    expect(v.is(WorkRange, { startMs: 0.5, endMs: 2 })).toBe(false);
  });
});
