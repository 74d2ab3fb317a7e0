import type { PythonProcess } from '../../contract/pyspy.js';

/** A process as ps lists it. */
export interface ListedProcess {
  readonly pid: number;
  readonly parentPid: number;
  /** Hostile text. */
  readonly command: string;
  readonly user?: string;
  /** The state's letters, as ps writes them: "S", "R+", "T". */
  readonly state?: string;
  readonly cpuShare?: number;
  readonly threads?: number;
  /** How long it runs, where ps said. */
  readonly seconds?: number;
  /** The program's file, where it could be told. */
  readonly program?: string;
}

/** Column headings of ps in its GNU, BSD and busybox forms. */
const columns: Readonly<Record<string, keyof ListedProcess>> = {
  PID: 'pid',
  PPID: 'parentPid',
  CMD: 'command',
  COMMAND: 'command',
  ARGS: 'command',
  USER: 'user',
  STAT: 'state',
  STATE: 'state',
  S: 'state',
  '%CPU': 'cpuShare',
  NLWP: 'threads',
  ELAPSED: 'seconds',
};

/** Reads a list by its headings; a process without a pid or a command is left out. */
export function readProcesses(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
): readonly ListedProcess[] {
  const at = new Map(
    titles.flatMap((title, index) => {
      const column = columns[title.toUpperCase()];
      return column === undefined ? [] : [[column, index] as const];
    }),
  );
  return rows.flatMap((row): readonly ListedProcess[] => {
    const text = (column: keyof ListedProcess): string | undefined => {
      const index = at.get(column);
      return index === undefined ? undefined : row[index]?.trim();
    };
    const number = (column: keyof ListedProcess): number | undefined => {
      const value = Number.parseFloat((text(column) ?? '').replace(',', '.'));
      return Number.isNaN(value) ? undefined : value;
    };
    const pid = number('pid');
    const command = text('command') ?? '';
    if (pid === undefined || command === '') return [];
    const [user, state] = [text('user'), text('state')];
    const [cpu, threads, seconds] = [number('cpuShare'), number('threads'), number('seconds')];
    return [
      {
        pid,
        parentPid: number('parentPid') ?? 0,
        command,
        ...(user === undefined ? {} : { user }),
        ...(state === undefined ? {} : { state }),
        ...(cpu === undefined ? {} : { cpuShare: cpu / 100 }),
        ...(threads === undefined ? {} : { threads }),
        ...(seconds === undefined ? {} : { seconds }),
      },
    ];
  });
}

/** Reads the text of ps: a heading, then rows whose last column is the command, which may hold blanks. */
export function readPsText(text: string): readonly ListedProcess[] {
  const [heading = '', ...lines] = text.split('\n');
  const titles = heading.trim().split(/\s+/);
  const rows = lines.map((line) => {
    const words = line.trim().split(/\s+/);
    return [...words.slice(0, titles.length - 1), words.slice(titles.length - 1).join(' ')];
  });
  return readProcesses(titles, rows);
}

const interpreter = /^(?:python|pypy)(\d+(?:\.\d+)?)?[dtw]?$/i;
const frameworkVersion = /\/Python3?\.framework\/Versions\/(\d+\.\d+)\//;
/** What servers written in Python call themselves when they change their title. */
const knownTitles = /^(?:gunicorn: |\[celeryd: |celeryd: |uwsgi: |uvicorn |\[?rq:)/;
const knownScripts = new Set([
  'gunicorn',
  'celery',
  'uvicorn',
  'hypercorn',
  'daphne',
  'airflow',
  'flask',
  'rq',
  'uwsgi',
]);

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Whether a program is called as Python's interpreters are. */
export function isInterpreter(program: string): boolean {
  return interpreter.test(baseName(program));
}

/** Whether a command line is one of Python's, and of which version as far as it says. */
export function pythonOf(command: string): { readonly version?: string } | undefined {
  const program = command.split(' ', 1)[0] ?? '';
  const found = interpreter.exec(baseName(program));
  const framework = frameworkVersion.exec(command)?.[1];
  const version = framework ?? (found?.[1]?.includes('.') === true ? found[1] : undefined);
  if (found !== null || framework !== undefined) return version === undefined ? {} : { version };
  if (knownTitles.test(command) || knownScripts.has(baseName(program))) return {};
  return undefined;
}

/** The processes that run Python, parents before children. */
export function pythonProcesses(listed: readonly ListedProcess[], imageVersion?: string): readonly PythonProcess[] {
  const found = listed.flatMap((process): readonly PythonProcess[] => {
    // A program may call itself what it likes; its file is what it is.
    const byFile = process.program === undefined ? undefined : pythonOf(process.program.replaceAll(' ', '_'));
    const python = byFile ?? pythonOf(process.command);
    if (python === undefined) return [];
    const { pid, parentPid, command, cpuShare, threads, user } = process;
    const version = python.version ?? imageVersion;
    return [
      {
        pid,
        parentPid,
        command: command.slice(0, 2000),
        ...(version === undefined ? {} : { version }),
        ...(cpuShare === undefined ? {} : { cpuShare }),
        ...(threads === undefined ? {} : { threads }),
        ...(user === undefined ? {} : { user }),
      },
    ];
  });
  const pids = new Set(found.map(({ pid }) => pid));
  const ordered: PythonProcess[] = [];
  const add = (process: PythonProcess): void => {
    if (!pids.delete(process.pid)) return; // a list that was read while it changed may hold a ring
    ordered.push(process);
    for (const child of found) if (child.parentPid === process.pid) add(child);
  };
  for (const process of found) if (!found.some(({ pid }) => pid === process.parentPid)) add(process);
  for (const process of found) add(process);
  return ordered;
}

/** A name for a Python program of the host: its script or module, as people call it. */
export function programName(command: string): string {
  const title = /^([\w.-]+): /.exec(command)?.[1];
  if (title !== undefined) return title;
  const words = command.split(' ');
  const isPython = isInterpreter(words[0] ?? '') || frameworkVersion.test(words[0] ?? '');
  if (!isPython) return baseName(words[0] ?? '').replace(/^\[|:?\]?$/g, '') || 'python';
  for (let at = 1; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '-m') return words[at + 1] ?? 'python';
    if (word === '-c') break;
    // Options with a value of their own.
    if (word === '-W' || word === '-X') at++;
    else if (word !== '' && !word.startsWith('-')) return baseName(word);
  }
  return 'python';
}
