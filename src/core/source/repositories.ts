/** Where code was built from, as the labels of an image say it. */
export interface Built {
  /** A repository's address in any form that git takes. */
  readonly repository: string;
  /** A commit, tag or branch. */
  readonly revision: string;
}

/**
 * What two addresses of one repository have in common: host and path, without how it is reached and who asks. Undefined for what
 * names no host, as a local path does.
 *
 * Example: git@github.com:acme/shop.git, https://me@github.com/Acme/shop/ and ssh://git@github.com:22/acme/shop are github.com/acme/shop.
 */
export function repositoryKey(address: string): string | undefined {
  const [, host, path] =
    /^[a-z][a-z0-9+.-]*:\/\/(?:[^@/]*@)?([^:/@]+)(?::\d+)?\/(.+)$/i.exec(address) ??
    /^(?:[^@/:]+@)?([^:/@]+):(?!\/\/)(.+)$/.exec(address) ??
    /^([^:/@]+\.[^:/@]+)\/(.+)$/.exec(address) ??
    [];
  const trimmed = path?.replace(/^\/+|\/+$/g, '').replace(/\.git$/i, '');
  if (host === undefined || trimmed === undefined || trimmed === '') return undefined;
  return `${host}/${trimmed}`.toLowerCase();
}

/** Whether a revision may be given to git: no option, no range, no place of a reflog, no path behind a colon. */
export function isRevision(text: string): boolean {
  return text.length <= 200 && /^[A-Za-z0-9][A-Za-z0-9._/+-]*$/.test(text) && !text.includes('..');
}
