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
  private readonly targets = new Map<string, TargetConfig>();
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
    for (const target of parsed.targets) {
      const checked = v.safeParse(TargetConfig, target);
      if (checked.success) store.targets.set(checked.output.id, checked.output);
      else store.foreign.push(target);
    }
    return ok(store);
  }

  list(): readonly TargetConfig[] {
    return [...this.targets.values()];
  }

  save(config: TargetConfig): Promise<Result<null>> {
    this.targets.set(config.id, config);
    return this.write();
  }

  remove(targetId: string): Promise<Result<null>> {
    this.targets.delete(targetId);
    return this.write();
  }

  private write(): Promise<Result<null>> {
    const content = { version: currentVersion, targets: [...this.targets.values(), ...this.foreign] };
    const text = JSON.stringify(content, null, 2) + '\n';
    const done = this.writing.then(async (): Promise<Result<null>> => {
      try {
        await writeAtomic(this.path, text);
        return ok(null);
      } catch (error) {
        if (isDiskFull(error)) {
          return fail(
            'no-space',
            `The disk of ${this.path} is full: make room there and save again.`,
            errorText(error),
          );
        }
        return fail('internal', `The targets could not be saved in ${this.path}.`, errorText(error));
      }
    });
    this.writing = done;
    return done;
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
