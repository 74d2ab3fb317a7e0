import type { PySpyOptions } from '../../contract/pyspy.js';

/** What one slice samples: CPU or passing time, or who holds the interpreter lock. */
export type SliceKind = 'time' | 'gil';

/** One run of py-spy. */
export interface Slice {
  readonly pid: number;
  readonly seconds: number;
  readonly kind: SliceKind;
  readonly options: PySpyOptions;
}

/**
 * py-spy's arguments. speedscope's form is the only one of its formats in which names cannot be taken for something else:
 * raw and collapsed text separate frames by ";", which command lines, threads and files may hold. Where it writes, "--output",
 * is not among them. None of them holds a blank.
 */
export function recordArguments({ pid, seconds, kind, options }: Slice): readonly string[] {
  return [
    'record',
    ...['--pid', String(pid), '--duration', String(seconds), '--rate', String(options.rateHz)],
    ...['--format', 'speedscope', '--threads', '--full-filenames'],
    ...(options.subprocesses ? ['--subprocesses'] : []),
    ...(kind === 'gil' ? ['--gil'] : options.idle ? ['--idle'] : []),
    ...(options.nonblocking ? ['--nonblocking'] : []),
    // py-spy refuses the two together.
    ...(options.native && !options.nonblocking ? ['--native'] : []),
  ];
}
