import type { PySpyChoice, PySpyOptions, PythonProcess } from '../../../contract/pyspy.js';
import { formatShare } from '../../format/numbers.js';

/** An option that is on or off: its switch, and what it means for who records. */
export interface OptionWords {
  readonly key: 'idle' | 'gil' | 'nonblocking' | 'native' | 'subprocesses';
  readonly label: string;
  readonly explanation: string;
}

/** In the order of the list. */
export const optionWords: readonly OptionWords[] = [
  {
    key: 'idle',
    label: 'Waiting threads too',
    explanation:
      'Counts every thread instead of active ones: time that passes. Shows what waits for locks, sockets and queries (--idle).',
  },
  {
    key: 'gil',
    label: 'Interpreter lock as well',
    explanation: 'Every fourth slice counts who holds the GIL. It becomes a profile type of its own (--gil).',
  },
  {
    key: 'nonblocking',
    label: 'Without stopping',
    explanation:
      'Reads stacks while the process runs on: less slowdown, but now and then a stack that never was (--nonblocking).',
  },
  {
    key: 'native',
    label: 'Native frames',
    explanation:
      'Walks C, C++ and Cython code as well. x86_64 Linux only; not together with Without stopping (--native).',
  },
  {
    key: 'subprocesses',
    label: 'Child processes',
    explanation: 'Workers of Gunicorn and Celery are children of their master: without this only the master is seen.',
  },
];

/** The two paces. */
export const paceLabels = { steady: 'All the time', sparse: '10 s a minute' } as const;

/** What differs from the usual, in a few words; "" when nothing does. */
export function optionsInWords(options: PySpyOptions, defaults: PySpyOptions): string {
  const changed = optionWords
    .filter(({ key }) => options[key] !== defaults[key])
    .map(({ key, label }) => (options[key] ? label.toLowerCase() : `no ${label.toLowerCase()}`));
  return [
    ...(options.rateHz === defaults.rateHz ? [] : [`${options.rateHz} Hz`]),
    ...(options.pace === defaults.pace ? [] : [paceLabels[options.pace]]),
    ...(options.forSeconds === undefined ? [] : [`for ${options.forSeconds} s`]),
    ...changed,
  ].join(', ');
}

/** What is known of a process besides its command: "17, ann, Python 3.11, 2 %, 3 threads". */
export function processFacts({ pid, user, version, cpuShare, threads }: PythonProcess): string {
  return [
    String(pid),
    ...(user === undefined ? [] : [user]),
    ...(version === undefined ? [] : [`Python ${version}`]),
    ...(cpuShare === undefined ? [] : [formatShare(cpuShare)]),
    ...(threads === undefined || threads < 2 ? [] : [`${threads} threads`]),
  ].join(', ');
}

/** What a recording records: "everything that runs Python", "revel_web", "process 17 of revel_web". */
export function recordedWords({ service, pid }: PySpyChoice): string {
  const whole = service ?? 'everything that runs Python';
  return pid === undefined ? whole : `process ${pid} of ${whole}`;
}

/** How deep a process stands below the others in a list that has parents before children. */
export function processDepths(processes: readonly PythonProcess[]): readonly number[] {
  const depths = new Map<number, number>();
  return processes.map(({ pid, parentPid }) => {
    const above = depths.get(parentPid);
    const depth = above === undefined ? 0 : above + 1;
    depths.set(pid, depth);
    return depth;
  });
}
