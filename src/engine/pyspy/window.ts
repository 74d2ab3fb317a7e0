import * as v from 'valibot';
import type { CountedStack, Frame } from './speedscope.js';

/** What is known of a window without its stacks: a line of the store's index. */
export const WindowCard = v.object({
  /** File name of the stacks. */
  id: v.pipe(v.string(), v.regex(/^[0-9]{1,16}-[0-9a-f]{8}$/)),
  /** By this computer's clock, Unix milliseconds. */
  startMs: v.number(),
  endMs: v.number(),
  profileType: v.string(),
  /** What a sample stands for. */
  periodNs: v.number(),
  /** service_name, container, ...: the same for all samples of the window. */
  labels: v.record(v.string(), v.string()),
  /** Samples by process and thread. */
  totals: v.array(v.object({ pid: v.number(), thread: v.string(), samples: v.number() })),
});
export type WindowCard = v.InferOutput<typeof WindowCard>;

/** The stacks of a window. Version 1. */
export const WindowBody = v.object({
  version: v.literal(1),
  frames: v.array(v.object({ name: v.string(), file: v.string(), line: v.number() })),
  stacks: v.array(v.object({ pid: v.number(), thread: v.string(), frames: v.array(v.number()), samples: v.number() })),
});
export type WindowBody = v.InferOutput<typeof WindowBody>;

/** What is put into the store: one slice of py-spy. */
export interface NewWindow extends Omit<WindowCard, 'id' | 'totals'> {
  readonly frames: readonly Frame[];
  readonly stacks: readonly CountedStack[];
}

/** The labels of samples: those of the window, and whose they are. */
export function sampleLabels(
  card: Pick<WindowCard, 'labels'>,
  { pid, thread }: { readonly pid: number; readonly thread: string },
): Readonly<Record<string, string>> {
  return { ...card.labels, pid: String(pid), thread };
}

/** Adds samples up by process and thread. */
export function totalsOf(stacks: readonly CountedStack[]): WindowCard['totals'] {
  const totals = new Map<string, { pid: number; thread: string; samples: number }>();
  for (const { pid, thread, samples } of stacks) {
    const key = `${pid} ${thread}`;
    const known = totals.get(key);
    if (known === undefined) totals.set(key, { pid, thread, samples });
    else known.samples += samples;
  }
  return [...totals.values()];
}
