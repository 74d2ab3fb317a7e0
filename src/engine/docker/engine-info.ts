import type Docker from 'dockerode';
import * as v from 'valibot';
import { timeLimit } from '../link/time-limit.js';

const timeoutMs = 15_000;

const Info = v.object({
  ID: v.optional(v.string(), ''),
  Name: v.optional(v.string(), ''),
  KernelVersion: v.optional(v.string(), ''),
  Architecture: v.optional(v.string(), ''),
});

/** What an engine says of itself and of the machine that it runs on. */
export interface EngineInfo {
  readonly id: string;
  /** Of its machine: what `hostname` says there. */
  readonly name: string;
  /** uname -r. */
  readonly kernel: string;
  /** uname -m. */
  readonly machine: string;
}

/** Asks an engine who it is. Rejects with what Docker said, or when nothing came for a while. */
export async function engineInfo(docker: Docker, signal?: AbortSignal): Promise<EngineInfo> {
  const limit = timeLimit(timeoutMs, signal);
  // It takes options, which its types do not know.
  const api = docker as unknown as { info(options: { readonly abortSignal: AbortSignal }): Promise<unknown> };
  try {
    const { ID, Name, KernelVersion, Architecture } = v.parse(Info, await api.info({ abortSignal: limit.signal }));
    return { id: ID, name: Name, kernel: KernelVersion, machine: Architecture };
  } finally {
    limit.release();
  }
}
