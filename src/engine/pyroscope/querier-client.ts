import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { create, fromBinary, toBinary, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import * as v from 'valibot';
import { fail, ok, type Result } from '../../contract/result.js';
import type { Selection } from '../../contract/selection.js';
import { beginsLikePprof } from '../../core/formats/pprof/wire.js';
import {
  ProfileTypesRequestSchema,
  ProfileTypesResponseSchema,
  SelectMergeProfileRequestSchema,
  SelectSeriesRequestSchema,
  SelectSeriesResponseSchema,
  SeriesRequestSchema,
  SeriesResponseSchema,
} from '../gen/querier/v1/querier_pb.js';
import { LabelValuesRequestSchema, LabelValuesResponseSchema, type LabelPair } from '../gen/types/v1/types_pb.js';
import { errorText } from '../failures/thrown.js';
import type { HttpReply, HttpTransport } from './http-transport.js';

const smallReplyBytes = 32 * 1024 * 1024;
const smallTimeoutMs = 30_000;
/** Far above any profile that was seen (3 MB for an hour of 20,000 stacks), and what the spool and decoder still bear. */
const profileReplyBytes = 512 * 1024 * 1024;
const profileTimeoutMs = 120_000;

const unzip = promisify(gunzip);

/** A time range, Unix milliseconds. */
export interface Range {
  readonly startMs: number;
  readonly endMs: number;
}

export type LabelSet = Readonly<Record<string, string>>;

/** Points of one combination of labels, by time. */
export interface PointSeries {
  readonly labels: LabelSet;
  readonly points: readonly { readonly timeMs: number; readonly value: number }[];
}

/** Where to ask for a merged profile or its course: a selection without its target. */
export type Query = Pick<Selection, 'profileType' | 'selector' | 'startMs' | 'endMs'>;

/** One client of Pyroscope's querier.v1: for Pyroscope servers and for our agent's store. */
export class QuerierClient {
  private readonly http: HttpTransport;
  private readonly name: string;

  /** @param name what messages call the other side, for example "Pyroscope at web:4040" */
  constructor(http: HttpTransport, name: string) {
    this.http = http;
    this.name = name;
  }

  async profileTypes(range: Range, signal?: AbortSignal): Promise<Result<readonly string[]>> {
    const request = toBinary(ProfileTypesRequestSchema, create(ProfileTypesRequestSchema, bounds(range)));
    const reply = await this.small('ProfileTypes', request, ProfileTypesResponseSchema, signal);
    return reply.ok ? ok(reply.value.profileTypes.map((type) => type.ID)) : reply;
  }

  /** The combinations of values that the named labels have in a range, of all series or those that match; no names: all labels. */
  async series(
    range: Range,
    labelNames: readonly string[],
    signal?: AbortSignal,
    matchers: readonly string[] = [],
  ): Promise<Result<readonly LabelSet[]>> {
    const message = create(SeriesRequestSchema, {
      ...bounds(range),
      labelNames: [...labelNames],
      matchers: [...matchers],
    });
    const reply = await this.small('Series', toBinary(SeriesRequestSchema, message), SeriesResponseSchema, signal);
    return reply.ok ? ok(reply.value.labelsSet.map((set) => labelsOf(set.labels))) : reply;
  }

  /** The values that a label has in a range, in the order of the alphabet; an agent also tells those of samples. */
  async labelValues(
    range: Range,
    name: string,
    matchers: readonly string[],
    signal?: AbortSignal,
  ): Promise<Result<readonly string[]>> {
    const message = create(LabelValuesRequestSchema, { ...bounds(range), name, matchers: [...matchers] });
    const request = toBinary(LabelValuesRequestSchema, message);
    const reply = await this.small('LabelValues', request, LabelValuesResponseSchema, signal);
    return reply.ok ? ok(reply.value.names) : reply;
  }

  /** Sums a step: a point at time T holds what was measured in (T - step, T]. Steps without data have no point. */
  async selectSeries(
    query: Query,
    stepMs: number,
    groupBy: readonly string[],
    signal?: AbortSignal,
  ): Promise<Result<readonly PointSeries[]>> {
    const message = create(SelectSeriesRequestSchema, {
      ...bounds(query),
      profileTypeID: query.profileType,
      labelSelector: query.selector,
      step: stepMs / 1000,
      groupBy: [...groupBy],
    });
    const request = toBinary(SelectSeriesRequestSchema, message);
    const reply = await this.small('SelectSeries', request, SelectSeriesResponseSchema, signal);
    if (!reply.ok) return reply;
    return ok(
      reply.value.series.map((series) => ({
        labels: labelsOf(series.labels),
        points: series.points.map((point) => ({ timeMs: Number(point.timestamp), value: point.value })),
      })),
    );
  }

  /**
   * The merged profile of a selection as bytes of a pprof, plain or gzip as the server sent it, and whole: no node limit
   * is asked for. Never decoded here. A selection without samples is a profile without samples.
   */
  async mergeProfile(query: Query, signal?: AbortSignal): Promise<Result<Uint8Array>> {
    const message = create(SelectMergeProfileRequestSchema, {
      ...bounds(query),
      profileTypeID: query.profileType,
      labelSelector: query.selector,
    });
    const request = toBinary(SelectMergeProfileRequestSchema, message);
    const reply = await this.call('SelectMergeProfile', request, profileReplyBytes, profileTimeoutMs, signal);
    if (!reply.ok) return reply;
    const { body } = reply.value;
    // Told by the first bytes alone: the decoder could only say what they are not, and not who sent them.
    const packed = body[0] === 0x1f && body[1] === 0x8b;
    if (body.length > 0 && !packed && !beginsLikePprof(body)) return this.garbage('The profile is no pprof.');
    return ok(body);
  }

  dispose(): void {
    this.http.dispose();
  }

  private async small<Schema extends DescMessage>(
    method: string,
    body: Uint8Array,
    schema: Schema,
    signal: AbortSignal | undefined,
  ): Promise<Result<MessageShape<Schema>>> {
    const reply = await this.call(method, body, smallReplyBytes, smallTimeoutMs, signal);
    if (!reply.ok) return reply;
    try {
      return ok(fromBinary(schema, await plainBody(reply.value)));
    } catch (error) {
      return this.garbage(errorText(error));
    }
  }

  private async call(
    method: string,
    body: Uint8Array,
    maxReplyBytes: number,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Result<HttpReply>> {
    const path = `/querier.v1.QuerierService/${method}`;
    const reply = await this.http.post({ path, body, maxReplyBytes, timeoutMs, signal });
    if (!reply.ok) return reply;
    const { status, contentType } = reply.value;
    if (status === 200)
      return contentType === 'application/proto' ? reply : this.garbage(`content type ${contentType}`);
    const text = (
      await plainBody(reply.value).then(
        (bytes) => Buffer.from(bytes).toString('utf8'),
        () => '',
      )
    ).slice(0, 4000);
    const said = unwrapError(text);
    const detail = `HTTP ${status} ${text}`;
    if (said !== undefined) return fail('pyroscope-error', `${this.name} answered: ${said}`, detail);
    if (status === 401 || status === 403) {
      return fail('auth-failed', `${this.name} wants other credentials than it got (HTTP ${status}).`, detail);
    }
    if (status === 404) {
      return fail('pyroscope-error', `${this.name} does not know ${method}: check the address and its path.`, detail);
    }
    return fail('pyroscope-error', `${this.name} answered with an error (HTTP ${status}): look into its log.`, detail);
  }

  private garbage(detail: string): Result<never> {
    return fail('pyroscope-error', `${this.name} did not answer as a Pyroscope server: check the address.`, detail);
  }
}

const ErrorBody = v.object({ code: v.string(), message: v.string() });

/** The message of a Connect error. Pyroscope wraps errors of its parts as JSON in the message, once or more. */
export function unwrapError(text: string): string | undefined {
  let message: string | undefined;
  let next = text;
  for (let depth = 0; depth < 5; depth++) {
    let parsed: unknown;
    try {
      parsed = JSON.parse(next);
    } catch {
      return message; // no more layers: what was said stands in the last one
    }
    const body = v.safeParse(ErrorBody, parsed);
    if (!body.success) return message;
    message = body.output.message;
    next = message;
  }
  return message;
}

async function plainBody(reply: HttpReply): Promise<Uint8Array> {
  return reply.gzip ? unzip(reply.body, { maxOutputLength: 4 * smallReplyBytes }) : reply.body;
}

function bounds(range: Range): { start: bigint; end: bigint } {
  return { start: BigInt(range.startMs), end: BigInt(range.endMs) };
}

/** Labels as a record without a prototype's names. */
export function labelsOf(pairs: readonly LabelPair[]): LabelSet {
  return Object.fromEntries(pairs.map((pair) => [pair.name, pair.value]));
}
