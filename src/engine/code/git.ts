import { execFile } from 'node:child_process';

const timeoutMs = 20_000;

/** What git printed, or how it failed. */
export type GitAnswer =
  | { readonly ok: true; readonly stdout: Buffer }
  | { readonly ok: false; readonly why: 'no-git' | 'too-large' | 'failed'; readonly detail: string };

/**
 * Before every command: nothing is fetched, also not by a clone that leaves objects out, and no program is started that a
 * repository's own configuration names.
 */
const calm = [
  ...['--no-pager', '--no-optional-locks', '--no-replace-objects'],
  ...['-c', 'protocol.allow=never', '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'],
];

/** Runs git in a folder with arguments as they are: no shell reads them. Only commands that read are run so. */
export function git(
  folder: string,
  argv: readonly string[],
  maxBytes: number,
  signal: AbortSignal,
): Promise<GitAnswer> {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'));
  const env = { ...Object.fromEntries(own), GIT_TERMINAL_PROMPT: '0', GIT_NO_LAZY_FETCH: '1', LC_ALL: 'C' };
  return new Promise((resolve) => {
    execFile(
      'git',
      [...calm, '-C', folder, ...argv],
      { env, encoding: 'buffer', maxBuffer: maxBytes, timeout: timeoutMs, signal, windowsHide: true },
      (error, stdout, stderr) => {
        if (error === null) resolve({ ok: true, stdout });
        else {
          const code: unknown = error.code;
          const why =
            code === 'ENOENT' ? 'no-git' : code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER' ? 'too-large' : 'failed';
          resolve({ ok: false, why, detail: stderr.toString('utf8').slice(0, 500) });
        }
      },
    );
  });
}
