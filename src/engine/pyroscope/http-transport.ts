import type { Result } from '../../contract/result.js';

export interface HttpRequest {
  /** "/querier.v1.QuerierService/Series". */
  readonly path: string;
  /** A message in application/proto form, unless `contentType` says otherwise. */
  readonly body: Uint8Array;
  readonly contentType?: string;
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

/** Carries one request to a server, as Connect's unary protocol has it. Any status is an answer, not a failure. */
export interface HttpTransport {
  post(request: HttpRequest): Promise<Result<HttpReply>>;
  dispose(): void;
}
