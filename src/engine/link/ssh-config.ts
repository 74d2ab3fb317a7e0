import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { dirname, isAbsolute, join, normalize, parse, sep } from 'node:path';
import * as v from 'valibot';
import type { ConfigHosts } from '../../contract/ssh-config.js';
import { fail, ok, type Result } from '../../contract/result.js';
import { SshHop } from '../../contract/target.js';
import { errorCode, errorText } from '../failures/thrown.js';
import { globMatches } from './known-hosts.js';

const maxFiles = 200;
const maxBytes = 1024 * 1024;
const maxDepth = 16; // as OpenSSH

/** The user's configuration of OpenSSH. */
export function userConfigFile(): string {
  return join(homedir(), '.ssh', 'config');
}

/**
 * The names of hosts that a configuration has, in its order. Nothing is resolved and nothing runs: patterns are left
 * out, `Match` and everything else is skipped, and names that could not be handed to ssh safely are counted only.
 */
export async function listConfigHosts(file = userConfigFile()): Promise<Result<ConfigHosts>> {
  const names = new Set<string>();
  const unusable = new Set<string>();
  const seen = new Set<string>();
  const read = async (path: string, depth: number): Promise<Result<null>> => {
    if (seen.has(path) || seen.size >= maxFiles || depth > maxDepth) return ok(null);
    seen.add(path);
    let text: string;
    try {
      const facts = await stat(path);
      if (!facts.isFile() || facts.size > maxBytes) return ok(null);
      text = await readFile(path, 'utf8');
    } catch (error) {
      const code = errorCode(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return ok(null);
      return fail('not-found', `${path} cannot be read: check its owner and mode.`, errorText(error));
    }
    for (const line of text.split(/\r?\n/)) {
      const [keyword = '', ...values] = words(line);
      if (keyword.toLowerCase() === 'host') {
        for (const name of values) {
          if (/[*?!]/.test(name)) continue;
          (v.is(SshHop.entries.host, name) ? names : unusable).add(name);
        }
      } else if (keyword.toLowerCase() === 'include') {
        for (const pattern of values) {
          for (const found of await includedFiles(pattern, dirname(file))) {
            const included = await read(found, depth + 1);
            if (!included.ok) return included;
          }
        }
      }
    }
    return ok(null);
  };
  const done = await read(file, 0);
  return done.ok ? ok({ file, names: [...names], unusable: unusable.size }) : done;
}

/** A line's words: "Keyword value value", "Keyword=value", values may be quoted. A comment has none. */
function words(line: string): readonly string[] {
  const match = /^\s*([A-Za-z]+)(?:\s*=\s*|\s+)(.*)$/.exec(line);
  if (match === null) return [];
  const [, keyword = '', rest = ''] = match;
  const values = [...rest.matchAll(/"([^"]*)"|(\S+)/g)].map((each) => each[1] ?? each[2] ?? '');
  const comment = values.findIndex((value) => value.startsWith('#'));
  return [keyword, ...(comment < 0 ? values : values.slice(0, comment))];
}

/** Files that an `Include` names; relative ones lie beside the configuration. */
async function includedFiles(pattern: string, folder: string): Promise<readonly string[]> {
  const home = pattern.startsWith('~/') ? join(homedir(), pattern.slice(2)) : pattern;
  const path = normalize(isAbsolute(home) ? home : join(folder, home));
  const { root } = parse(path);
  let found = [root];
  for (const part of path.slice(root.length).split(sep)) {
    if (!/[*?]/.test(part)) {
      found = found.map((each) => join(each, part));
      continue;
    }
    const lists = await Promise.all(
      found.map(async (each) => {
        const entries = await readdir(each).catch((): string[] => []); // a folder that is not there has no files
        const hidden = part.startsWith('.');
        return entries
          .filter((entry) => hidden === entry.startsWith('.') && globMatches(part, entry))
          .sort()
          .map((entry) => join(each, entry));
      }),
    );
    found = lists.flat().slice(0, maxFiles);
  }
  return found;
}

export interface ResolveOptions {
  /** Default: OpenSSH's own choice. */
  readonly file?: string | undefined;
  readonly program?: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What OpenSSH makes of a host's name, as "keyword value" pairs; keywords in lower case. Runs `ssh -G`, which runs the
 * commands of `Match exec` lines: only for a host that the user chose and after saying so.
 */
export async function resolveConfigHost(
  name: string,
  options: ResolveOptions = {},
): Promise<Result<ReadonlyMap<string, readonly string[]>>> {
  if (!v.is(SshHop.entries.host, name)) return fail('invalid-input', 'This is no name of a host.');
  // ssh looks for its files in the home of the passwd entry, which is another where HOME was set.
  const file = options.file ?? (homedir() === userInfo().homedir ? undefined : userConfigFile());
  const argv = [...(file === undefined ? [] : ['-F', file]), '-G', '--', name];
  const printed = await new Promise<Result<string>>((resolve) => {
    execFile(
      options.program ?? 'ssh',
      argv,
      {
        timeout: 20_000,
        maxBuffer: maxBytes,
        killSignal: 'SIGKILL',
        ...(options.signal && { signal: options.signal }),
      },
      (error, stdout, stderr) => {
        if (options.signal?.aborted === true) resolve(fail('cancelled', 'Cancelled.'));
        else if (errorCode(error) === 'ENOENT') {
          resolve(fail('unsupported', 'OpenSSH is not installed here (no "ssh" in PATH): fill in the form instead.'));
        } else if (error?.killed === true) {
          resolve(fail('timeout', `"ssh -G ${name}" did not end: a command of a "Match exec" line may wait.`, stderr));
        } else if (error !== null) {
          resolve(
            fail('invalid-input', `OpenSSH cannot read the settings of ${name}: look into ~/.ssh/config.`, stderr),
          );
        } else resolve(ok(stdout));
      },
    );
  });
  if (!printed.ok) return printed;
  const settings = new Map<string, string[]>();
  for (const line of printed.value.split('\n')) {
    const at = line.indexOf(' ');
    if (at < 0) continue;
    const keyword = line.slice(0, at);
    settings.set(keyword, [...(settings.get(keyword) ?? []), line.slice(at + 1)]);
  }
  return ok(settings);
}
