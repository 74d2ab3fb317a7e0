import type { MemoryRequest } from '../../contract/pyspy.js';
import { fail, ok, type Result } from '../../contract/result.js';
import type { Elevator } from '../deploy/elevate.js';
import type { TargetFacts } from '../deploy/facts.js';
import { sweepExecFiles } from '../pyspy/exec-run.js';
import type { PythonThere } from '../pyspy/python-there.js';
import type { NewWindow } from '../pyspy/window.js';
import { memorySubject } from './memory-subject.js';
import { sweepMemoryFolder } from './places.js';
import { recordMemory } from './record-memory.js';

export interface MemoryRecordingsOptions {
  readonly there: PythonThere;
  readonly elevator: (facts: TargetFacts) => Elevator;
  /** Whether py-spy records there: then what lies there may be in use. */
  readonly recording: () => boolean;
  readonly keep: (window: NewWindow) => Promise<Result<unknown>>;
}

/** Memory of Python processes on one target, one after the other; whoever the engine is. */
export class MemoryRecordings {
  private readonly options: MemoryRecordingsOptions;
  private busy = false;

  constructor(options: MemoryRecordingsOptions) {
    this.options = options;
  }

  /** Has memray look at the allocations of a process; settles when what it saw is kept. */
  async record(request: MemoryRequest, facts: TargetFacts, signal?: AbortSignal): Promise<Result<null>> {
    if (this.busy) return fail('refused', 'Memory is being recorded there already: wait until that has ended.');
    this.busy = true;
    try {
      await this.sweep(facts);
      return await this.recordOne(request, facts, signal);
    } finally {
      this.busy = false;
    }
  }

  private async recordOne(request: MemoryRequest, facts: TargetFacts, signal?: AbortSignal): Promise<Result<null>> {
    const { there, elevator, keep } = this.options;
    const found = await memorySubject(there, request, facts, elevator(facts), signal);
    if (!found.ok) return found;
    const { place, pid, labels } = found.value;
    const { seconds, install } = request;
    const { resourcesDir } = there;
    const recorded = await recordMemory(place, { pid, seconds, install, resourcesDir, labels, signal });
    if (!recorded.ok) return recorded;
    for (const window of recorded.value) {
      const kept = await keep(window);
      if (!kept.ok) return kept;
    }
    return ok(null);
  }

  /** What an app that ended suddenly left, also where nothing sweeps at a connect because the agent is the engine. */
  private async sweep({ kernelName }: TargetFacts): Promise<void> {
    const { there, recording } = this.options;
    if (recording()) return;
    const docker = await there.docker();
    if (docker.ok) await sweepExecFiles(docker.value, there.owner);
    if (kernelName === 'Linux') await sweepMemoryFolder(there.link, there.owner);
  }
}
