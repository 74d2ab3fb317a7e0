import { create, toBinary } from '@bufbuild/protobuf';
import { fail, ok, type Result } from '../../contract/result.js';
import { PushRequestSchema } from '../gen/push/v1/push_pb.js';
import type { HttpTransport } from './http-transport.js';
import { unwrapError } from './querier-client.js';

const maxReplyBytes = 1024 * 1024;
const timeoutMs = 30_000;

/** A profile on its way to a server. */
export interface Pushed {
  /** Without __name__. */
  readonly labels: Readonly<Record<string, string>>;
  readonly profileType: string;
  /** pprof, gzip or plain. */
  readonly profile: Uint8Array;
}

/** The client of Pyroscope's push.v1. */
export class PusherClient {
  private readonly http: HttpTransport;
  private readonly name: string;

  /** @param name what messages call the other side, for example "Pyroscope at web:4040" */
  constructor(http: HttpTransport, name: string) {
    this.http = http;
    this.name = name;
  }

  /** "refused": the server does not want this profile, now or later; other failures may pass. */
  async push({ labels, profileType, profile }: Pushed, signal?: AbortSignal): Promise<Result<null>> {
    const [name = ''] = profileType.split(':');
    const pairs = Object.entries({ ...labels, __name__: name }).map(([key, value]) => ({ name: key, value }));
    const request = create(PushRequestSchema, {
      series: [{ labels: pairs, samples: [{ rawProfile: profile }] }],
    });
    const reply = await this.http.post({
      path: '/push.v1.PusherService/Push',
      body: toBinary(PushRequestSchema, request),
      maxReplyBytes,
      timeoutMs,
      signal,
    });
    if (!reply.ok) return reply;
    const { status, body } = reply.value;
    if (status === 200) return ok(null);
    const text = Buffer.from(body).toString('utf8').slice(0, 4000);
    const said = unwrapError(text) ?? `HTTP ${status}`;
    if (status === 401 || status === 403) {
      return fail('auth-failed', `${this.name} wants other credentials than it got.`, text);
    }
    if (status === 400 || status === 413 || status === 422) {
      return fail('refused', `${this.name} does not take a window: ${said}`, text);
    }
    return fail('pyroscope-error', `${this.name} answered: ${said}`, text);
  }

  dispose(): void {
    this.http.dispose();
  }
}
