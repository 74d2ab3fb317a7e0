import { describe, expect, it } from 'vitest';
import type { TargetState } from '../../../contract/target.js';
import { inventStatus } from '../../testing/fake-links.js';
import { configOf, emptyServerForm, formOf, splitAddress } from './server-form.js';
import { canName, primaryAction, targetWords } from './target-words.js';

const local: TargetState = {
  config: { kind: 'local', id: 'local', name: 'This computer' },
  link: { state: 'connected' },
  agent: { state: 'unknown', recording: false },
  pyroscope: { state: 'none' },
};
const server: TargetState = {
  ...local,
  config: {
    kind: 'ssh',
    id: 'web',
    name: 'web-1',
    host: 'web-1',
    port: 22,
    user: 'deploy',
    authentication: { method: 'agent' },
  },
};

const others: TargetState['agent'] = { state: 'profiling', recording: false, heldBy: ['a recording'] };
const leased = inventStatus({ leaseExpiresAtMs: Date.now() + 30_000 });
const nowMs = new Date(2026, 10, 28, 13, 0).getTime();
const kept: TargetState['agent'] = {
  state: 'kept',
  recording: false,
  status: inventStatus({
    // The target's clock is an hour ahead.
    clockAheadMs: 3_600_000,
    kept: {
      unrenewedSinceMs: new Date(2026, 10, 28, 13, 31).getTime(),
      untilMs: new Date(2026, 10, 29, 13, 41).getTime(),
    },
  }),
};

describe('what a target is called to do', () => {
  it.each([
    [local, 'record.start', 'Record', false],
    [{ ...local, agent: { state: 'starting', recording: true } }, 'record.start', 'Record', true],
    [{ ...local, agent: { state: 'profiling', recording: true } }, 'record.stop', 'Stop recording', false],
    [{ ...server, link: { state: 'disconnected' } }, 'link.connect', 'Connect', false],
    [{ ...server, link: { state: 'connecting' } }, 'link.connect', 'Connect', true],
    [server, 'agent.start', 'Start agent', false],
    [{ ...server, agent: { state: 'failed', recording: false } }, 'agent.start', 'Start agent', false],
    [{ ...server, agent: { state: 'profiling', recording: false } }, 'agent.stop', 'Stop agent', false],
    [{ ...server, agent: { ...others, status: inventStatus() } }, 'agent.stop', 'Stop agent', false],
    [{ ...server, agent: { ...others, status: leased } }, 'agent.start', 'Start agent', false],
    [{ ...local, agent: { ...others, status: leased } }, 'record.start', 'Record', false],
    [{ ...local, agent: { ...others, recording: true, status: leased } }, 'record.stop', 'Stop recording', false],
    [{ ...server, agent: { state: 'stopping', recording: false } }, 'agent.stop', 'Stop agent', true],
    [{ ...server, agent: kept }, 'agent.start', 'Start agent', false],
    [{ ...local, agent: kept }, 'record.start', 'Record', false],
  ] satisfies readonly [TargetState, string, string, boolean][])('%#', (target, action, label, busy) => {
    expect(primaryAction(target, [])).toMatchObject({ action, label, busy });
  });

  it('is not asked for twice', () => {
    expect(primaryAction(local, ['record.start local']).busy).toBe(true);
    expect(primaryAction(local, ['record.start other']).busy).toBe(false);
  });
});

describe('targetWords', () => {
  it('says every state in words and a shape', () => {
    expect(targetWords(local, nowMs)).toMatchObject({ shape: 'ready', state: 'ready' });
    expect(targetWords({ ...server, link: { state: 'disconnected' } }, nowMs)).toMatchObject({
      shape: 'off',
      state: 'not connected',
    });
    expect(
      targetWords(
        {
          ...server,
          agent: { state: 'starting', recording: false, step: { number: 4, of: 7, text: 'Verifying' } },
        },
        nowMs,
      ),
    ).toEqual({ shape: 'busy', state: 'starting, step 4 of 7', brief: 'step 4 of 7', message: 'Verifying' });
    const profiling = targetWords(
      {
        ...server,
        agent: { state: 'profiling', recording: false, status: inventStatus() },
      },
      nowMs,
    );
    expect(profiling).toMatchObject({ shape: 'on', state: 'profiling' });
    expect(profiling.brief.replace('\u00a0', ' ')).toBe('0.4 %');
    const failed = { ...server, agent: { state: 'failed', recording: false, message: 'no eBPF' } } as const;
    expect(targetWords(failed, nowMs)).toMatchObject({ shape: 'failed', message: 'no eBPF' });
    expect(targetWords({ ...server, agent: kept }, nowMs)).toMatchObject({
      shape: 'warning',
      state: 'kept',
      message:
        'Nobody renewed this recording since 12:31. Its windows stay readable until tomorrow 12:41; then everything is removed.',
    });
  });
});

describe('the form for a server', () => {
  it('takes apart what is pasted', () => {
    expect(splitAddress(emptyServerForm, 'ada@web-1:2222')).toMatchObject({ host: 'web-1', user: 'ada', port: '2222' });
    expect(splitAddress(emptyServerForm, 'ssh://ada@[::1]:22')).toMatchObject({ host: '[::1]', user: 'ada' });
    expect(splitAddress(emptyServerForm, 'web-1')).toMatchObject({ host: 'web-1', user: '' });
    expect(splitAddress(emptyServerForm, '::1')).toMatchObject({ host: '::1', port: '22' });
  });

  it('makes a configuration and goes back', () => {
    const form = { ...emptyServerForm, host: ' web-1 ', user: 'ada', method: 'key' as const, keyPath: '~/.ssh/id' };
    const checked = configOf(form, 'id-1', {});
    expect(checked).toEqual({
      config: {
        kind: 'ssh',
        id: 'id-1',
        name: 'web-1',
        host: 'web-1',
        port: 22,
        user: 'ada',
        authentication: { method: 'key', path: '~/.ssh/id' },
      },
    });
    if ('config' in checked) {
      expect(formOf(checked.config)).toMatchObject({ host: 'web-1', keyPath: '~/.ssh/id' });
    }
  });

  it.each([
    [{}, ['host', 'user']],
    [{ host: '-oProxyCommand=x', user: 'ada' }, ['host']],
    [{ host: 'web', user: 'a b' }, ['user']],
    [{ host: 'web', user: 'ada', port: '70000' }, ['port']],
    [{ host: 'web', user: 'ada', port: 'x' }, ['port']],
    [{ host: 'web', user: 'ada', method: 'key' as const }, ['keyPath']],
  ])('says what is wrong with %j', (wrong, fields) => {
    const checked = configOf({ ...emptyServerForm, ...wrong }, 'id-1', {});
    expect('errors' in checked ? Object.keys(checked.errors).sort() : []).toEqual([...fields].sort());
  });

  it.each(['ada lovelace', 'ada"', "o'hara", '-oProxyCommand=x', ''])('takes no user %j', (user) => {
    const checked = configOf({ ...emptyServerForm, host: 'web', user }, 'id-1', {});
    const said = 'errors' in checked ? checked.errors.user : undefined;
    expect(said).toBe(user === '' ? 'Which user?' : 'This is no user name.');
  });
});

it('lets services be named before an agent runs, and not where py-spy takes its place', () => {
  expect(canName(server)).toBe(true);
  expect(canName({ ...server, link: { state: 'disconnected' } })).toBe(true);
  expect(canName({ ...server, agent: { state: 'starting', recording: true } })).toBe(false);
  const engine = { kind: 'pyspy', why: '', missing: '' } as const;
  expect(canName({ ...server, agent: { state: 'stopped', recording: false, engine } })).toBe(false);
});
