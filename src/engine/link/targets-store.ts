import { readFile, rename } from 'node:fs/promises';
import * as v from 'valibot';
import { fail, ok, type Result } from '../../contract/result.js';
import { TargetConfig } from '../../contract/target.js';
import { writeAtomic } from '../files/atomic-write.js';
import { errorCode, errorText, isDiskFull } from '../failures/thrown.js';

const currentVersion = 1;

/** What stands in targets.json. Targets that cannot be understood are kept as they are, for the version that can. */
const Stored = v.object({ version: v.pipe(v.number(), v.integer(), v.minValue(1)), targets: v.array(v.unknown()) });

/** The saved targets: a file with a version, written whole. It holds no secrets. */
export class TargetsStore {
  private readonly path: string;
  private targets: ReadonlyMap<string, TargetConfig> = new Map();
  private foreign: unknown[] = [];
  private writing: Promise<unknown> = Promise.resolve();

  private constructor(path: string) {
    this.path = path;
  }

  /** Reads the file. One that is damaged is moved aside, and `onDamaged` is told where to. */
  static async open(path: string, onDamaged: (movedTo: string) => void): Promise<Result<TargetsStore>> {
    const store = new TargetsStore(path);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return ok(store);
      return fail('internal', `The saved targets in ${path} cannot be read.`, errorText(error));
    }
    const parsed = parse(text);
    if (parsed === undefined) {
      const aside = `${path}.damaged-${Date.now()}`;
      await rename(path, aside);
      onDamaged(aside);
      return ok(store);
    }
    if (parsed.version > currentVersion) {
      return fail('unsupported', `${path} was written by a newer Pyrometer (version ${parsed.version}): use that one.`);
    }
    const targets = new Map<string, TargetConfig>();
    for (const target of parsed.targets) {
      const checked = v.safeParse(TargetConfig, target);
      if (checked.success) targets.set(checked.output.id, checked.output);
      else store.foreign.push(target);
    }
    store.targets = targets;
    return ok(store);
  }

  list(): readonly TargetConfig[] {
    return [...this.targets.values()];
  }

  save(config: TargetConfig): Promise<Result<null>> {
    return this.change((targets) => targets.set(config.id, config));
  }

  remove(targetId: string): Promise<Result<null>> {
    return this.change((targets) => targets.delete(targetId));
  }

  /** What could not be written has not happened: it must not come with the next that is saved. */
  private change(make: (targets: Map<string, TargetConfig>) => unknown): Promise<Result<null>> {
    const done = this.writing.then(async () => {
      const changed = new Map(this.targets);
      make(changed);
      const written = await this.write([...changed.values()]);
      if (written.ok) this.targets = changed;
      return written;
    });
    this.writing = done;
    return done;
  }

  private async write(targets: readonly TargetConfig[]): Promise<Result<null>> {
    const content = { version: currentVersion, targets: [...targets, ...this.foreign] };
    try {
      await writeAtomic(this.path, JSON.stringify(content, null, 2) + '\n');
      return ok(null);
    } catch (error) {
      if (isDiskFull(error)) {
        return fail('no-space', `The disk of ${this.path} is full: make room there and save again.`, errorText(error));
      }
      return fail('internal', `The targets could not be saved in ${this.path}.`, errorText(error));
    }
  }
}

function parse(text: string): v.InferOutput<typeof Stored> | undefined {
  try {
    const checked = v.safeParse(Stored, JSON.parse(text));
    return checked.success ? checked.output : undefined;
  } catch {
    return undefined; // no JSON: damaged
  }
}
