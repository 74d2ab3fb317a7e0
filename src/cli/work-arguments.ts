import * as v from 'valibot';
import { fail, ok, type Result } from '../contract/result.js';
import type { LoginKind } from '../engine/link/server-login.js';
import { parsePrometheusPlace, WorkCounter, type CountedWork } from '../contract/work-counter.js';

/** How much work each side did: as somebody counted it, or to be read from a Prometheus. */
export type WorkAsked =
  | { readonly kind: 'counted'; readonly work: CountedWork }
  | { readonly kind: 'prometheus'; readonly counter: WorkCounter };

/** What a server wants to know of who reads, as it was typed behind an option. */
export function loginKindOf(option: string, text: string | undefined): Result<LoginKind | undefined> {
  if (text === undefined || text === 'basic' || text === 'bearer') return ok(text);
  return fail(
    'invalid-input',
    `${option} is basic (a user and a password) or bearer (a token), not "${text}". Secrets are asked for.`,
  );
}

/** What was said of the work of both sides; undefined: nothing. */
export function workAsked(values: {
  readonly work?: string | undefined;
  readonly 'work-metric'?: string | undefined;
  readonly prometheus?: string | undefined;
  readonly 'prometheus-login'?: string | undefined;
}): Result<WorkAsked | undefined> {
  const { work, 'work-metric': query, prometheus } = values;
  const login = loginKindOf('--prometheus-login', values['prometheus-login']);
  if (!login.ok) return login;
  if (login.value !== undefined && prometheus === undefined) {
    return fail('invalid-input', '--prometheus-login is of a Prometheus: say --prometheus and --work-metric too.');
  }
  if (work === undefined && query === undefined && prometheus === undefined) return ok(undefined);
  if (work !== undefined) {
    if (query !== undefined || prometheus !== undefined) {
      return fail('invalid-input', '--work says how much it was: leave out --prometheus and --work-metric.');
    }
    const [baseline, comparison, ...others] = work.split(',').map(Number);
    const isAmount = (each: number | undefined): each is number =>
      each !== undefined && Number.isFinite(each) && each > 0 && each <= 1e18;
    if (!isAmount(baseline) || !isAmount(comparison) || others.length > 0) {
      return fail('invalid-input', `--work is two numbers above 0, as 1200,1350, not "${work}".`);
    }
    return ok({ kind: 'counted', work: { baseline, comparison } });
  }
  if (query === undefined || prometheus === undefined) {
    return fail('invalid-input', 'Say both where a Prometheus is and what it counts: --prometheus and --work-metric.');
  }
  const wanted = login.value === undefined ? {} : { login: login.value };
  const counter = v.safeParse(WorkCounter, { prometheus, query, ...wanted });
  if (counter.success) return ok({ kind: 'prometheus', counter: counter.output });
  return parsePrometheusPlace(prometheus) === undefined
    ? fail(
        'invalid-input',
        `--prometheus is http://HOST:PORT, or HOST:PORT or PORT of the server, not "${prometheus}".`,
      )
    : fail('invalid-input', '--work-metric is an expression of PromQL, as sum(http_requests_total).');
}
