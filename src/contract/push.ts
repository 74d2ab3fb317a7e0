import * as v from 'valibot';

const secret = v.pipe(v.string(), v.maxLength(4096));

/** How the agent proves who it is to a server that it pushes to. "keep": as it did before. */
export const PushAuthentication = v.variant('kind', [
  v.object({ kind: v.literal('keep') }),
  v.object({ kind: v.literal('none') }),
  v.object({ kind: v.literal('basic'), user: v.pipe(v.string(), v.maxLength(1024)), password: secret }),
  v.object({ kind: v.literal('bearer'), token: secret }),
]);
export type PushAuthentication = v.InferOutput<typeof PushAuthentication>;

/**
 * A server that the agent pushes to, as it is set. The secrets in it go to the agent, which keeps them where only its own user
 * and root may read, and are not kept by this app.
 */
export const PushSettings = v.object({
  /** As seen from the target. */
  url: v.pipe(v.string(), v.maxLength(2048), v.url(), v.regex(/^https?:\/\//)),
  /** X-Scope-OrgID; empty for none. */
  tenant: v.pipe(v.string(), v.maxLength(150)),
  authentication: PushAuthentication,
  /** PEM; empty: what the target trusts. */
  caPem: v.pipe(v.string(), v.maxLength(256 * 1024)),
});
export type PushSettings = v.InferOutput<typeof PushSettings>;

/** How pushing to a server goes, by the agent's account. */
export interface PushState {
  readonly url: string;
  readonly tenant: string;
  readonly authentication: 'none' | 'basic' | 'bearer';
  readonly ownCa: boolean;
  /** What the server said and what to do; empty while it works. */
  readonly error: string;
  readonly windowsPushed: number;
  readonly windowsWaiting: number;
  /** Windows that the server never got: they are in the agent's store only. */
  readonly windowsTooOld: number;
  readonly windowsRefused: number;
  readonly lastSuccessAtMs: number;
  /** Distinct series of the last hour, and how many they become as new ones come. */
  readonly series: number;
  readonly seriesForecast: number;
  /** Labels for which there was no room among twelve. */
  readonly labelsLeftOut: readonly string[];
}

/** An address as the agent keeps it. */
export function pushUrl(url: string): string {
  return url.trim().replace(/\/+$/, '');
}
