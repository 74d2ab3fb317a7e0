import type { Check } from '../../../contract/check.js';

/** What a probe's script said: lines of `key=value`. */
export interface Said {
  /** The first value of a key; "" where it was not said. */
  readonly one: (key: string) => string;
  readonly all: (key: string) => readonly string[];
  /** This computer's clock when the script was sent and when its end was heard, Unix milliseconds. */
  readonly sentAtMs: number;
  readonly heardAtMs: number;
}

/** What is known without asking the target. */
export interface Surroundings {
  readonly targetName: string;
  /** The folder that holds agent/manifest.json. */
  readonly resourcesDir: string;
}

export type Verdict = Omit<Check, 'id'>;

/**
 * One look at a target. The script is POSIX sh, changes nothing and says what it found by `say KEY VALUE`, values without
 * newlines. It runs alone, so that one that hangs (a dead file server, a directory service) costs its own answer only.
 */
export interface Probe {
  readonly script: string;
  readonly judge: (said: Said, surroundings: Surroundings) => Verdict | Promise<Verdict>;
}

export function fine(found: string): Verdict {
  return { state: 'ok', found };
}

export function warning(found: string, advice: string): Verdict {
  return { state: 'warning', found, advice };
}

export function refused(found: string, advice: string): Verdict {
  return { state: 'refused', found, advice };
}

/** Defines `say` in front of a script. A value's newlines would be other keys. */
export const sayFunction = `say() { printf '%s=' "$1"; printf '%s' "$2" | tr '\\n' ' '; echo; }\n`;

/** Reads what a script said. */
export function readSaid(stdout: string, sentAtMs: number, heardAtMs: number): Said {
  const values = new Map<string, string[]>();
  for (const line of stdout.split('\n')) {
    const at = line.indexOf('=');
    if (at < 0) continue;
    const key = line.slice(0, at);
    const value = line.slice(at + 1).trimEnd();
    const known = values.get(key);
    if (known === undefined) values.set(key, [value]);
    else known.push(value);
  }
  return {
    one: (key) => values.get(key)?.[0] ?? '',
    all: (key) => values.get(key) ?? [],
    sentAtMs,
    heardAtMs,
  };
}
