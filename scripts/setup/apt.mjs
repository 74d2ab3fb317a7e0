/** What apt's and dpkg's own tools print, read. All of them run with LC_ALL=C. */

/** Debian's name of this machine's architecture. */
export const debianArchitecture =
  { x64: 'amd64', arm64: 'arm64', arm: 'armhf', ia32: 'i386' }[/** @type {string} */ (process.arch)] ?? process.arch;

/** What `dpkg-query -W -f` is asked for, one line a package. */
export const dpkgFormat = '${Package}\\t${Architecture}\\t${db:Status-Status}\\t${Provides}\\n';

/**
 * Every name that is satisfied on this machine: installed packages and what they provide.
 *
 * @param {string} output of `dpkg-query -W -f=dpkgFormat`
 * @param {string} [architecture]
 * @returns {Set<string>}
 */
export function parseInstalled(output, architecture = debianArchitecture) {
  /** @type {Set<string>} */
  const names = new Set();
  for (const line of output.split('\n')) {
    const [name, of, status, provides = ''] = line.split('\t');
    if (!name || status !== 'installed' || (of !== architecture && of !== 'all')) continue;
    names.add(name);
    for (const provided of provides.split(',')) {
      const bare = provided.trim().split(/[\s(:]/)[0];
      if (bare) names.add(bare);
    }
  }
  return names;
}

/**
 * The names that apt could install as they stand.
 *
 * @param {string} output of `apt-cache policy NAME...`
 * @returns {Set<string>}
 */
export function parseCandidates(output) {
  /** @type {Set<string>} */
  const names = new Set();
  let name = '';
  for (const line of output.split('\n')) {
    const heading = /^(\S+):$/.exec(line);
    if (heading?.[1]) name = heading[1];
    const candidate = /^ {2}Candidate: (.+)$/.exec(line)?.[1];
    if (candidate && candidate !== '(none)') names.add(name);
  }
  return names;
}

/**
 * The package to install where a name is only provided by others: the renamed one of the 64-bit time transition, or
 * the only one there is.
 *
 * @param {string} name
 * @param {string} output of `apt-cache showpkg NAME`
 * @returns {string | undefined}
 */
export function parseProvider(name, output) {
  const section = output.split(/^Reverse Provides: *$/m)[1] ?? '';
  const providers = new Set(
    section
      .split('\n')
      .map((line) => line.trim().split(' ')[0] ?? '')
      .filter((provider) => provider !== ''),
  );
  if (providers.has(`${name}t64`)) return `${name}t64`;
  return providers.size === 1 ? [...providers][0] : undefined;
}

/**
 * What an installation would do.
 *
 * @param {string} output of `apt-get --simulate install ...`
 * @returns {{ installs: string[], upgrades: string[], removals: string[] }}
 */
export function parseSimulation(output) {
  /** @type {{ installs: string[], upgrades: string[], removals: string[] }} */
  const plan = { installs: [], upgrades: [], removals: [] };
  for (const line of output.split('\n')) {
    const [, action, name, old] = /^(Inst|Remv) (\S+)(?: \[([^\]]*)\])?/.exec(line) ?? [];
    if (!name) continue;
    if (action === 'Remv') plan.removals.push(name);
    else if (old) plan.upgrades.push(name);
    else plan.installs.push(name);
  }
  return plan;
}
