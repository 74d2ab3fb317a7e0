import * as v from 'valibot';
import { PySpyRequest } from '../../contract/pyspy.js';

/** A recording that goes on when its connection, or the process that held it, is back. The links process keeps it in a file. */
export const KeptRecording = v.object({
  request: PySpyRequest,
  /** When it was begun, by this computer's clock, Unix milliseconds. */
  startedAtMs: v.number(),
  /** Why the agent does not record there. It may have been found out by a start only, which is not tried again. */
  why: v.string(),
});
export type KeptRecording = v.InferOutput<typeof KeptRecording>;

/** What is said of a recording whose app was ended from outside, at the next connection. */
export function endedWithApp({ request }: KeptRecording): string {
  const what = request.service ?? 'everything that runs Python';
  return `Pyrometer was ended while it recorded ${what}. What was recorded until then is kept; nothing of it runs there any more.`;
}
