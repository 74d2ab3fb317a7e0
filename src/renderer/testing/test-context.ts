import type { DecoderCalls, DecoderEvents } from '../../contract/decoder.js';
import type { LinksCalls, LinksEvents } from '../../contract/links.js';
import { ok } from '../../contract/result.js';
import { emptyCells, type Context } from '../state/context.js';
import { createProcessClient } from '../state/process-client.js';
import { createShellClient, type ShellClient } from '../state/shell-client.js';
import { createAppStore } from '../state/store.js';

/** A context for tests: the real store and clients, no ports yet, a clock that stands still. */
export function testContext(nowMs = 1_000_000_000, shell?: ShellClient): Context {
  let next = 0;
  return {
    store: createAppStore(nowMs),
    shell:
      shell ??
      createShellClient({
        platform: 'linux',
        call: () => Promise.resolve(ok(null)),
        onEvent: () => () => undefined,
        requestPorts: () => undefined,
        openDropped: () => undefined,
      }),
    links: createProcessClient<LinksCalls, LinksEvents>(),
    decoder: createProcessClient<DecoderCalls, DecoderEvents>(),
    ...emptyCells(),
    clock: () => nowMs,
    newId: (prefix) => `${prefix}-${++next}`,
  };
}
