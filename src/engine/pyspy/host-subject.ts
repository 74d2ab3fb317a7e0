import type { PythonProcess } from '../../contract/pyspy.js';
import { ok, type Failure, type Result } from '../../contract/result.js';
import type { Elevator } from '../deploy/elevate.js';
import type { TargetFacts } from '../deploy/facts.js';
import type { Link } from '../link/link.js';
import { recordArguments, type Slice } from './arguments.js';
import { ofProcess } from './failures.js';
import { hostProcesses, hostServices, withDescendants } from './host-processes.js';
import { HostRunner } from './host-runner.js';
import type { PreparedSlice, Subject } from './recording.js';

/** So many times its seconds a slice may sample before it is told to write what it has. */
const latenessAllowed = 2;

/** What recordings of a machine's own processes share. */
export interface HostRecording {
  readonly link: Link;
  readonly facts: TargetFacts;
  /** Asks for a password at most once for all subjects. */
  readonly elevator: Elevator;
  /** py-spy on the target. */
  readonly program: { readonly path: string; readonly sha256: string };
  /** Processes that are recorded, so that two do not go on with the same one. */
  readonly taken: Set<number>;
}

/** The labels that samples of a machine's own process carry. */
export function hostLabels(name: string, host: string): Readonly<Record<string, string>> {
  return { service_name: name, host, profiler: 'py-spy' };
}

/** Whether py-spy has to be root to read a process: of others, and where the system lets only root read any. */
export function needsRoot(facts: TargetFacts, root: Pick<PythonProcess, 'user'>): boolean {
  return facts.uid !== 0 && !(facts.ownReadable && root.user === facts.user);
}

/** A process of a machine itself as something to record. One that is started anew under its name goes on being recorded. */
export async function hostSubject(
  recording: HostRecording,
  service: string,
  found: PythonProcess,
  labels: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<Result<Subject>> {
  const { link, facts, elevator, program, taken } = recording;
  let root = found;
  const asRoot = needsRoot(facts, root);
  const started = await HostRunner.start(elevator, program, asRoot, signal);
  if (!started.ok) return started;
  const runner = started.value;
  taken.add(root.pid);
  const stoppedBefore = await stopped(recording, root.pid);
  const prepare = (slice: Slice): Promise<Result<PreparedSlice>> =>
    Promise.resolve(
      ok({
        run: async (ending) => {
          const args = recordArguments(slice);
          const ran = await runner.run(args, (latenessAllowed * slice.seconds + 1) * 1000, ending);
          return ran.ok ? ran : { ok: false, failure: ofProcess(inContext(ran.failure, facts, asRoot), root) };
        },
        discard: () => Promise.resolve(),
      }),
    );
  return ok({
    labels,
    get pid() {
      return root.pid;
    },
    prepare,
    async recover() {
      runner.signal(
        'CONT',
        (await stopped(recording, root.pid)).filter((pid) => !stoppedBefore.includes(pid)),
      );
      const listed = await hostProcesses(link, facts.kernelName);
      if (!listed.ok) return true; // the link is down: whoever holds it ends this
      if (listed.value.some(({ pid, command }) => pid === root.pid && command === root.command)) return true;
      const roots = hostServices(listed.value, new Set()).find(({ name }) => name === service)?.roots ?? [];
      // Of a chosen worker there is no other.
      const again = roots.find((each) => !taken.has(each.pid) && needsRoot(facts, each) === asRoot);
      taken.delete(root.pid);
      if (again === undefined) return false;
      root = again;
      taken.add(root.pid);
      return true;
    },
    dispose() {
      runner.dispose();
    },
  });
}

/** Processes at and below one that are stopped. */
async function stopped({ link, facts }: HostRecording, root: number): Promise<readonly number[]> {
  const listed = await hostProcesses(link, facts.kernelName);
  if (!listed.ok) return [];
  return withDescendants(listed.value, root)
    .filter(({ state }) => state?.startsWith('T') === true)
    .map(({ pid }) => pid);
}

const forbidden = /permission|not permitted|EPERM|kern\) failure|task_for_pid|as root/i;

/** What a refusal means here. */
function inContext(failure: Failure, facts: TargetFacts, asRoot: boolean): Failure {
  if (failure.code !== 'pyspy-failed' || !forbidden.test(failure.detail ?? '')) return failure;
  if (facts.kernelName === 'Darwin' && asRoot) return { ...failure, message: systemProtects };
  if (!asRoot) return { ...failure, message: 'The system lets only root read this process: give this user sudo.' };
  return failure;
}

/** System Integrity Protection, and what works. */
export const systemProtects =
  'macOS protects this Python: nobody, root included, may read programs that come with the system or with Xcode. Run the program with the Python of python.org, Homebrew or pyenv, or with a virtual environment made by one of them.';

/** Whether macOS forbids to read a process for where its program lies. */
export function isProtected(command: string): boolean {
  return /^\/(?:usr\/(?:bin|libexec)|System)\//.test(command);
}
