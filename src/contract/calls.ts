import type { BaseSchema, BaseIssue, InferOutput } from 'valibot';

/** A schema that checks and types the parameters of a call on the receiving side. */
export type ParamsSchema = BaseSchema<unknown, unknown, BaseIssue<unknown>>;

/** One call: how its parameters are checked and, as a type only, what it answers. */
export interface CallSpec<Params extends ParamsSchema, Value> {
  readonly params: Params;
  /** Never set; carries the type of the answer. */
  readonly value?: Value;
}

/** A map of calls by name. */
export type CallMap = Readonly<Record<string, CallSpec<ParamsSchema, unknown>>>;

/** A map of events by name, types only: events go from a process that we wrote to the window. */
export type EventMap = Readonly<Record<string, unknown>>;

/** The parameters of a call of a map. */
export type ParamsOf<Map extends CallMap, Name extends keyof Map> = InferOutput<Map[Name]['params']>;

/** The answer of a call of a map. */
export type ValueOf<Map extends CallMap, Name extends keyof Map> = Exclude<Map[Name]['value'], undefined>;

/** Declares a call: `call(v.object({...}))<Answer>()`. */
export function call<Params extends ParamsSchema>(params: Params): <Value>() => CallSpec<Params, Value> {
  return () => ({ params });
}
