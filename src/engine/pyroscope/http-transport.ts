import type { Result } from '../../contract/result.js';

export interface HttpRequest {
  /** "/querier.v1.QuerierService/Series". */
  readonly path: string;
  /** A message in application/proto form. */
  readonly body: Uint8Array;
  /** More bytes of a reply than this, as they come over the wire, are code "too-large". */
  readonly maxReplyBytes: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpReply {
  readonly status: number;
  /** Lower case, "" when the reply does not say. */
  readonly contentType: string;
  /** Whether the body is gzip. */
  readonly gzip: boolean;
  readonly body: Uint8Array;
}

/** Carries one request to a server that speaks Connect's unary protocol. Any status is an answer, not a failure. */
export interface HttpTransport {
  post(request: HttpRequest): Promise<Result<HttpReply>>;
  dispose(): void;
}
