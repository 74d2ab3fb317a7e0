/** What the app can act on. Messages are for people; code paths branch on codes only. */
export type FailureCode =
  | 'cancelled'
  | 'invalid-input'
  | 'not-found'
  | 'unreachable'
  | 'refused'
  | 'timeout'
  | 'auth-failed'
  | 'no-common-algorithm'
  | 'host-key-refused'
  | 'host-key-changed'
  | 'no-sudo'
  | 'no-ebpf'
  | 'no-space'
  | 'docker-denied'
  | 'forwarding-denied'
  | 'upload-corrupt'
  | 'agent-failed'
  | 'agent-not-running'
  | 'agent-in-use'
  | 'pyspy-failed'
  | 'not-connected'
  | 'pyroscope-error'
  | 'bad-profile'
  | 'too-large'
  | 'unsupported'
  | 'process-restarted'
  | 'internal';

/** An expected failure. `message`: one sentence, what is wrong and what to do. `detail`: what was said, copyable. */
export interface Failure {
  readonly code: FailureCode;
  readonly message: string;
  readonly detail?: string;
}

/** The answer of every call that can fail in an expected way. Exceptions are bugs. */
export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

/** A successful result. */
export function ok<T>(value: T): Result<T> {
  return { ok: true, value };
}

/** What a state shows of a failure: its sentence and, where there is one, what was said. */
export function failureWords({ message, detail }: Failure): { readonly message: string; readonly detail?: string } {
  return detail === undefined ? { message } : { message, detail };
}

/** A failed result. */
export function fail(code: FailureCode, message: string, detail?: string): { ok: false; failure: Failure } {
  return { ok: false, failure: detail === undefined ? { code, message } : { code, message, detail } };
}
