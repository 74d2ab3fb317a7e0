import * as v from 'valibot';
import { TimeMs } from './selection.js';
import { hostName, port } from './tunnels.js';

/** Where a Prometheus is: at an address as it is seen from here, or on the target's side, through its link. */
export type PrometheusPlace =
  | { readonly via: 'here'; readonly url: string }
  | { readonly via: 'target'; readonly host: string; readonly port: number };

const Url = v.pipe(v.string(), v.url(), v.regex(/^https?:\/\/[^@]*$/));
const TargetPlace = v.object({ via: v.literal('target'), host: hostName, port });

/**
 * Reads where a Prometheus is; undefined for what says no place. An address with credentials is none: they would be shown and kept.
 *
 * Example: "http://prometheus.example:9090" is asked from here, "9090" and "prometheus:9090" through the target.
 */
export function parsePrometheusPlace(text: string): PrometheusPlace | undefined {
  const trimmed = text.trim();
  if (trimmed.includes('/')) {
    const url = v.safeParse(Url, trimmed);
    return url.success ? { via: 'here', url: url.output } : undefined;
  }
  const parts = /^(?:(?<host>[^:[\]]+|\[[0-9A-Fa-f:.%]+\]):)?(?<port>\d{1,5})$/.exec(trimmed)?.groups;
  const candidate = {
    via: 'target',
    host: parts?.['host']?.replace(/^\[|\]$/g, '') ?? '127.0.0.1',
    port: Number(parts?.['port']),
  };
  const place = v.safeParse(TargetPlace, candidate);
  return place.success ? place.output : undefined;
}

/** A counter of work that was done: requests, messages. It holds no secret. */
export const WorkCounter = v.object({
  /** See {@link parsePrometheusPlace}. */
  prometheus: v.pipe(
    v.string(),
    v.maxLength(2048),
    v.check((text) => parsePrometheusPlace(text) !== undefined, 'no place of a Prometheus'),
  ),
  /** An expression of PromQL that is one counter at any time. */
  query: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(4096)),
  /** What the Prometheus wants to know of who reads; it is asked for and never saved. Absent: nothing. */
  login: v.exactOptional(v.picklist(['basic', 'bearer'])),
});
export type WorkCounter = v.InferOutput<typeof WorkCounter>;

/** A range in which work was counted. */
export const WorkRange = v.pipe(
  v.object({ startMs: TimeMs, endMs: TimeMs }),
  v.check(({ startMs, endMs }) => startMs < endMs, 'a range ends after it begins'),
);
export type WorkRange = v.InferOutput<typeof WorkRange>;

/** How much work both sides of a comparison did. */
export interface CountedWork {
  readonly baseline: number;
  readonly comparison: number;
}
