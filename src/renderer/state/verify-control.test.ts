import { expect, test, vi } from 'vitest';
import { linksCalls, type LinksCalls, type LinksEvents } from '../../contract/links.js';
import { fail, ok } from '../../contract/result.js';
import { serve, type Handlers, type Server } from '../../contract/rpc.js';
import { inventVerification } from '../testing/invented-verification.js';
import { portPair } from '../testing/port-pair.js';
import { testContext } from '../testing/test-context.js';
import { VerifyControl } from './verify-control.js';

function open(answer: Handlers<LinksCalls>['agent.verify']) {
  const context = testContext();
  const [ours, theirs] = portPair();
  const handlers = { 'agent.verify': answer } as Handlers<LinksCalls>;
  const server: Server<LinksEvents> = serve<LinksCalls, LinksEvents>(theirs, linksCalls, handlers, (error) => {
    throw error; // only what is asked for is there
  });
  context.links.attach(ours);
  return { context, server, control: new VerifyControl(context), now: () => context.store.getState().verify };
}

const web = { targetId: 'local', service: 'web' };

test('tells how far a run is, then what it found', async () => {
  let finish: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => (finish = resolve));
  const verification = inventVerification('agrees', false);
  const { server, control, now } = open(async ({ requestId }) => {
    server.emit('verify.progress', { requestId: 'another', progress: { step: 'comparing', seconds: 9, of: 20 } });
    server.emit('verify.progress', { requestId, progress: { step: 'sampling', seconds: 3, of: 20 } });
    await asked;
    return ok(verification);
  });
  const done = control.start(web);
  expect(now()).toEqual({ phase: 'running', progress: null, ...web });
  await vi.waitFor(() => {
    expect(now()).toMatchObject({ phase: 'running', progress: { step: 'sampling', seconds: 3 } });
  });
  finish();
  await done;
  expect(now()).toMatchObject({ phase: 'done', verification, ...web });
});

test('a failure stays where it happened', async () => {
  const { control, now } = open(() => fail('docker-denied', 'You may not use Docker there.'));
  await control.start(web);
  expect(now()).toMatchObject({ phase: 'failed', failure: { code: 'docker-denied' }, ...web });
});

test('what was cancelled or begun anew does not come back', async () => {
  const [asked, ended]: [string[], string[]] = [[], []];
  const { control, now } = open(({ service }, signal) => {
    asked.push(service);
    if (service === 'db') return ok(inventVerification('differs', false));
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        ended.push(service);
        resolve(ok(inventVerification('agrees', false)));
      });
    });
  });
  const first = control.start(web);
  const askedTimes = (times: number): Promise<void> =>
    vi.waitFor(() => {
      expect(asked).toHaveLength(times);
    });
  await askedTimes(1);
  control.cancel();
  await first;
  expect(now()).toEqual({ phase: 'idle' });
  const second = control.start(web);
  await askedTimes(2);
  await control.start({ ...web, service: 'db' });
  await second;
  expect(now()).toMatchObject({ phase: 'done', service: 'db', verification: { agreement: { verdict: 'differs' } } });
  await vi.waitFor(() => {
    expect(ended).toEqual(['web', 'web']);
  });
});
