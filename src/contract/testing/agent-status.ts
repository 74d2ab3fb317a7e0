import { defaultNaming, everything } from '../profiled.js';
import type { AgentStatus } from '../target.js';

/** An agent's account of itself for tests: a window of 15 s is open. */
export const testStatus: AgentStatus = {
  version: '1',
  hostname: 'h',
  kernel: '6.1',
  cpuCount: 1,
  startedAtMs: 0,
  sampleRateHz: 97,
  choice: everything,
  naming: defaultNaming,
  windowSeconds: 15,
  windowClosesAtMs: 1_000_000,
  lastWindowEndMs: 985_000,
  windowsStored: 1,
  leaseExpiresAtMs: 0,
  processCpuCores: 0,
  bpfCpuCores: 0,
  residentBytes: 0,
  storeBytes: 0,
  counters: [],
  docker: { reachable: true, message: '', containers: 0 },
  pushes: [],
  ingestAddress: '',
  debuginfod: [],
  startsAtBoot: false,
};
