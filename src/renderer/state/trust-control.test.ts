import { expect, test, vi } from 'vitest';
import { linksCalls, type LinksCalls, type LinksEvents } from '../../contract/links.js';
import { fail, ok } from '../../contract/result.js';
import { serve, type Handlers } from '../../contract/rpc.js';
import type { TargetState } from '../../contract/target.js';
import { inventTrust } from '../testing/invented-trust.js';
import { portPair } from '../testing/port-pair.js';
import { testContext } from '../testing/test-context.js';
import { followTrust } from './trust-control.js';

const target: TargetState = {
  config: { kind: 'local', id: 'local', name: 'This computer' },
  link: { state: 'connected' },
  agent: { state: 'profiling', recording: false },
  pyroscope: { state: 'none' },
};

function open(answer: Partial<Handlers<LinksCalls>>) {
  const context = testContext();
  const [ours, theirs] = portPair();
  serve<LinksCalls, LinksEvents>(theirs, linksCalls, answer as Handlers<LinksCalls>, (error) => {
    throw error; // only what is asked for is there
  });
  context.links.attach(ours);
  context.store.setState({ targets: [target], targetId: 'local', extentEndMs: 900_000_000 });
  return context;
}

test('asks for the chosen service and range, again when they change', async () => {
  const asked: string[] = [];
  const context = open({
    'source.trust': ({ selection }) => {
      asked.push(`${selection.selector} ${selection.endMs - selection.startMs}`);
      return ok(inventTrust(false));
    },
  });
  const end = followTrust(context);
  await vi.waitFor(() => {
    expect(context.store.getState().trustPhase).toBe('ready');
  });
  context.store.setState({ selector: '{service_name="web"}', range: { startMs: 1000, endMs: 2000 } });
  expect(context.store.getState().trust).toBeNull(); // the one of another service is not shown
  await vi.waitFor(() => {
    expect(context.store.getState().trust).not.toBeNull();
  });
  expect(asked).toEqual(['{} 900000', '{service_name="web"} 1000']);
  context.store.setState({ source: 'pyroscope' });
  expect(context.store.getState()).toMatchObject({ trust: null, trustPhase: 'idle' });
  expect(asked).toHaveLength(2);
  end();
});

test('keeps its failure where it happened', async () => {
  const context = open({ 'source.trust': () => fail('agent-not-running', 'It broke.') });
  const end = followTrust(context);
  await vi.waitFor(() => {
    expect(context.store.getState()).toMatchObject({ trustPhase: 'failed', trustFailure: { message: 'It broke.' } });
  });
  end();
});
