import { expect, it } from 'vitest';
import { comparisonLink } from '../../contract/comparison-link.js';
import type { Baseline } from '../../contract/selection.js';
import type { TargetState } from '../../contract/target.js';
import { testContext } from '../testing/test-context.js';
import { linkedComparison, openLink } from './link-control.js';

const server = { kind: 'ssh', id: 't1', name: 'web', host: 'web-1', port: 22, user: 'ops' } as const;

function context() {
  const made = testContext();
  const target: TargetState = {
    config: { ...server, authentication: { method: 'agent' } },
    link: { state: 'connected' },
    agent: { state: 'profiling', recording: false },
    pyroscope: { state: 'none' },
  };
  made.store.setState({ targets: [target] });
  return made;
}

const comparing = {
  targetId: 't1',
  selector: '{service_name="web"}',
  serviceName: 'web',
  range: { startMs: 1000, endMs: 2000 },
  comparison: { startMs: 2000, endMs: 3000 },
  live: false,
} as const;

it('a comparison comes back from its link, with another A too', () => {
  const other: Baseline = {
    kind: 'selection',
    targetId: 't1',
    source: 'agent',
    selector: '{service_name="db"}',
    name: 'db',
    pinned: false,
  };
  for (const baseline of [null, other]) {
    const from = context();
    from.store.setState({ ...comparing, baseline });
    const linked = linkedComparison(from.store.getState());
    expect(linked?.a.target).toBe('ops@web-1:22');
    const to = context();
    expect(linked === undefined ? false : openLink(to, comparisonLink(linked))).toBe(true);
    expect(to.store.getState()).toMatchObject({ ...comparing, baseline });
  }
});

it('an open file cannot be linked to, and an unknown server or another text changes nothing', () => {
  const from = context();
  from.store.setState({ ...comparing, baseline: { kind: 'document', documentId: 'd1', as: 'A' } });
  expect(linkedComparison(from.store.getState())).toBeUndefined();
  from.store.setState({ baseline: null });
  const linked = linkedComparison(from.store.getState());
  const to = testContext();
  expect(openLink(to, linked === undefined ? '' : comparisonLink(linked))).toBe(false);
  expect(openLink(to, 'nonsense')).toBe(false);
  expect(to.store.getState().comparison).toBeNull();
  expect(to.store.getState().toasts).toHaveLength(2);
});
