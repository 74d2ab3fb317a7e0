import { describe, expect, it } from 'vitest';
import { testStatus } from '../../../contract/testing/agent-status.js';
import type { AgentStatus, TargetState } from '../../../contract/target.js';
import { fleetRow, loadOf, sortFleet, type FleetColumn } from './fleet-rows.js';

const nowMs = 1_000_000;

function server(name: string, status: Partial<AgentStatus> | null): TargetState {
  return {
    config: { kind: 'ssh', id: name, name, host: name, port: 22, user: 'ada', authentication: { method: 'agent' } },
    link: { state: status === null ? 'failed' : 'connected' },
    agent:
      status === null
        ? { state: 'unknown', recording: false }
        : { state: 'profiling', recording: false, status: { ...testStatus, clockAheadMs: 0, ...status } },
    pyroscope: { state: 'none' },
  };
}

const rows = [
  fleetRow(server('web-10', { kernel: '6.1', processCpuCores: 0.02, cpuCount: 2 }), { services: 3, cores: 1.5 }, nowMs),
  fleetRow(server('web-9', { kernel: '5.15', processCpuCores: 0.01, lastWindowEndMs: 0 }), undefined, nowMs),
  fleetRow(server('gone', null), undefined, nowMs),
];
const sorted = (column: FleetColumn, descending = false): string[] =>
  sortFleet(rows, column, descending).map(({ target }) => target.config.name);

describe('the overview of all targets', () => {
  it('says what is known of each', () => {
    expect(rows[0]).toMatchObject({ kernel: '6.1', services: 3, cores: 1.5, overhead: 0.01, windowAgeMs: 15_000 });
    expect(rows[1]).toMatchObject({ services: undefined, windowAgeMs: undefined });
    expect(rows[2]).toMatchObject({ kernel: undefined, version: undefined, overhead: undefined });
  });

  it('sorts numbers as numbers, and what is not known last', () => {
    expect(sorted('name')).toEqual(['gone', 'web-9', 'web-10']);
    expect(sorted('kernel')).toEqual(['web-9', 'web-10', 'gone']);
    expect(sorted('kernel', true)).toEqual(['web-10', 'web-9', 'gone']);
    expect(sorted('cores', true)).toEqual(['web-10', 'gone', 'web-9']);
  });

  it('counts no service that was only pushed', () => {
    const row = { labels: {}, selector: '{}' };
    const services = [
      { ...row, name: 'a', cpuCores: 1 },
      { ...row, name: 'b' },
      { ...row, name: 'c', cpuCores: 4, pushed: true as const },
    ];
    expect(loadOf(services)).toEqual({ services: 2, cores: 1 });
    expect(loadOf([])).toEqual({ services: 0, cores: undefined });
  });
});
