import { join } from 'node:path';
import { Profile } from 'pprof-format';
import { defaultPySpyOptions } from '../../src/contract/pyspy.js';
import { fail, type Result } from '../../src/contract/result.js';
import { cpuProfileType } from '../../src/contract/selection.js';
import { lookAt } from '../../src/engine/deploy/facts.js';
import { RootAccess } from '../../src/engine/deploy/root/root-access.js';
import type { Link } from '../../src/engine/link/link.js';
import { LocalLink } from '../../src/engine/link/local-link.js';
import { silentPrompter } from '../../src/engine/link/prompter.js';
import { PySpyLife } from '../../src/engine/pyspy/pyspy-life.js';
import type { Stack } from '../agent/profile.js';

export function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}

/** A recording of one process of this machine, as the app makes it. */
export interface OurRecording {
  /** Settles with the time at which the first window could be drawn. */
  readonly firstAtMs: Promise<number>;
  /** Ends it with its last window stored. */
  readonly end: () => Promise<void>;
  /** What it has, leaf first. */
  readonly stacks: () => Promise<readonly Stack[]>;
}

const resourcesDir = join(import.meta.dirname, '../../resources');
const none = { pushedTo: () => undefined, client: () => fail('not-found', 'none'), onPush: () => undefined };

/** What is to be recorded, and over which link. */
export interface OurSubject {
  /** A script's process of the machine, or a container, all of which is recorded. */
  readonly service: string;
  readonly pid?: number;
  /** Default: this machine itself. */
  readonly link?: Link;
}

/** Begins to record. `folder`: where py-spy is put. */
export async function startOurs(
  folder: string,
  { service, pid, link = new LocalLink() }: OurSubject,
): Promise<OurRecording> {
  const facts = { ...value(await lookAt(link)), cacheFolder: folder };
  let drawn: (atMs: number) => void = () => undefined;
  const firstAtMs = new Promise<number>((resolve) => (drawn = resolve));
  const life = new PySpyLife({
    targetId: 'bench',
    owner: 'bench',
    targetName: () => 'this computer',
    link: () => link,
    prompter: silentPrompter,
    root: new RootAccess({ resourcesDir }),
    resourcesDir,
    windowsDir: undefined,
    pyroscope: none,
    onChange: () => undefined,
    onWindow: () => {
      void fetchAll(life).then(() => {
        drawn(Date.now());
      });
    },
  });
  await life.choose(facts, fail('unsupported', 'py-spy is what is measured.').failure);
  value(await life.start({ service, ...(pid === undefined ? {} : { pid }), options: defaultPySpyOptions }));
  return {
    firstAtMs,
    stacks: () => fetchAll(life),
    end: async () => {
      await life.stop();
      life.dispose();
    },
  };
}

async function fetchAll(life: PySpyLife): Promise<readonly Stack[]> {
  const bytes = value(
    await life.fetch({ profileType: cpuProfileType, selector: '{}', startMs: 0, endMs: Date.now() + 60_000 }),
  );
  const profile = Profile.decode(bytes);
  const names = new Map(
    profile.function.map((each) => [Number(each.id), profile.stringTable.strings[Number(each.name)] ?? '']),
  );
  const locations = new Map(
    profile.location.map((each) => [
      Number(each.id),
      each.line.map((line) => names.get(Number(line.functionId)) ?? ''),
    ]),
  );
  return profile.sample.map(({ locationId, value: values }) => ({
    names: locationId.flatMap((id) => locations.get(Number(id)) ?? []),
    value: Number(values[0]),
  }));
}
