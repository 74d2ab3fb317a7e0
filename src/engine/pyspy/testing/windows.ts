import { cpuProfileType } from '../../../contract/selection.js';
import type { NewWindow } from '../window.js';

/** A window of 5 s at 100 Hz: two processes, one function each below `main`. */
export function inventedWindow(startMs: number, service: string, samples = 10): NewWindow {
  return {
    startMs,
    endMs: startMs + 5000,
    profileType: cpuProfileType,
    periodNs: 1e7,
    labels: { service_name: service, container: service },
    frames: [
      { name: 'main', file: '/app/main.py', line: 9 },
      { name: 'work', file: '/app/work.py', line: 3 },
      { name: 'work', file: '/app/work.py', line: 4 },
    ],
    stacks: [
      { pid: 7, thread: 'MainThread', frames: [0, 1], samples },
      { pid: 8, thread: 'MainThread', frames: [0, 2], samples: 2 * samples },
    ],
  };
}
