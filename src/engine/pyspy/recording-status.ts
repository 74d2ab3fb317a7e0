import { defaultNaming, everything } from '../../contract/profiled.js';
import type { AgentStatus } from '../../contract/target.js';
import type { SliceFacts } from './recording.js';
import { sliceSeconds } from './recording.js';

/** The account that a recording by py-spy gives of itself, in the words of an agent's. */
export class RecordingStatus {
  private readonly startedAtMs: number;
  private readonly fixed: Pick<AgentStatus, 'version' | 'hostname' | 'kernel' | 'sampleRateHz'>;
  private closesAtMs = 0;
  private lastEndMs = 0;
  private windows = 0;
  private samples = 0;
  private errors = 0;
  private behind = 0;
  private measured: number | undefined;

  constructor(
    system: { readonly kernelName: string; readonly kernel: string } | undefined,
    rateHz: number,
    version: string,
    /** Earlier than now when the recording was interrupted. */
    startedAtMs: number,
  ) {
    this.startedAtMs = startedAtMs;
    const kernel = system === undefined ? '' : `${system.kernelName} ${system.kernel}`;
    this.fixed = { version: `py-spy ${version}`, hostname: '', kernel, sampleRateHz: rateHz };
  }

  /** What py-spy took itself in the last slice that was measured. */
  get cores(): number | undefined {
    return this.measured;
  }

  slice(closesAtMs: number): void {
    this.closesAtMs = closesAtMs;
  }

  stored(endMs: number, facts: SliceFacts): void {
    this.windows++;
    this.lastEndMs = Math.max(this.lastEndMs, endMs);
    this.samples += facts.samples;
    this.errors += facts.errors;
    if (facts.behind) this.behind++;
    this.measured = facts.cores ?? this.measured;
  }

  now(pushes: AgentStatus['pushes']): AgentStatus {
    return {
      ...this.fixed,
      cpuCount: 0,
      startedAtMs: this.startedAtMs,
      windowSeconds: sliceSeconds,
      windowClosesAtMs: this.closesAtMs,
      lastWindowEndMs: this.lastEndMs,
      windowsStored: this.windows,
      leaseExpiresAtMs: 0,
      // Windows are stamped by this computer.
      clockAheadMs: 0,
      processCpuCores: this.measured ?? 0,
      bpfCpuCores: -1,
      residentBytes: 0,
      storeBytes: 0,
      counters: [
        { name: 'samples', value: this.samples },
        { name: 'samples.lost.unreadable', value: this.errors },
        { name: 'slices.behind', value: this.behind },
      ],
      docker: { reachable: true, message: '', containers: 0 },
      pushes,
      ingestAddress: '',
      debuginfod: [],
      startsAtBoot: false,
      choice: everything,
      naming: defaultNaming,
    };
  }
}
