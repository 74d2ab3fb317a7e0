import * as v from 'valibot';
import { describe, expect, it, vi } from 'vitest';
import { call } from '../../contract/calls.js';
import { ok } from '../../contract/result.js';
import { serve, type Server } from '../../contract/rpc.js';
import { portPair } from '../testing/port-pair.js';
import { createProcessClient } from './process-client.js';

const calls = { who: call(v.object({}))<string>(), wait: call(v.object({}))<string>() } as const;
type Calls = typeof calls;
interface Events extends Record<string, unknown> {
  tick: number;
}

function start(name: string): { port: ReturnType<typeof portPair>[0]; server: Server<Events> } {
  const [near, far] = portPair();
  const server = serve<Calls, Events>(
    far,
    calls,
    { who: () => ok(name), wait: () => (name === 'first' ? new Promise(() => undefined) : ok(name)) },
    () => undefined,
  );
  return { port: near, server };
}

describe('a client of a process that may be restarted', () => {
  it('lets calls wait for the first port', async () => {
    const client = createProcessClient<Calls, Events>();
    const answer = client.call('who', {});
    client.attach(start('first').port);
    expect(await answer).toEqual(ok('first'));
  });

  it('takes subscriptions over to the new port, and tells that it is one', () => {
    const client = createProcessClient<Calls, Events>();
    const listener = vi.fn();
    const ready = vi.fn();
    const end = client.on('tick', listener);
    client.onReady(ready);
    const first = start('first');
    client.attach(first.port);
    const second = start('second');
    client.attach(second.port);
    first.server.emit('tick', 1);
    second.server.emit('tick', 2);
    return Promise.resolve()
      .then(() => undefined)
      .then(() => {
        expect(listener.mock.calls).toEqual([[2]]);
        expect(ready.mock.calls).toEqual([[false], [true]]);
        end();
      });
  });

  it('asks the restarted process again what only reads, and says so of what acts', async () => {
    const client = createProcessClient<Calls, Events>();
    client.attach(start('first').port);
    const read = client.query('wait', {});
    const act = client.call('wait', {});
    await Promise.resolve();
    client.attach(start('second').port);
    expect(await read).toEqual(ok('second'));
    expect(await act).toMatchObject({ ok: false, failure: { code: 'process-restarted' } });
  });
});
