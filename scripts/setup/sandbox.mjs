import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { spawnSync } from 'node:child_process';

/**
 * How Electron is started on this machine: with its sandbox, or not at all. Only root, whom Chromium refuses a sandbox,
 * starts without one, and is told so.
 *
 * @typedef {{ mode: 'sandboxed' } | { mode: 'off', why: string } | { mode: 'blocked', why: string, mend: readonly string[] }} SandboxPlan
 */

/**
 * What the machine says about it.
 *
 * @typedef {object} SandboxFacts
 * @property {NodeJS.Platform} platform
 * @property {boolean} root
 * @property {boolean} asked --no-sandbox stands among the arguments
 * @property {boolean} setuidHelper chrome-sandbox belongs to root and has its setuid bit: needs no user namespace
 * @property {string | undefined} maxUserNamespaces
 * @property {string | undefined} unprivilegedUsernsClone
 * @property {string | undefined} apparmorRestrict
 * @property {boolean} apparmorProfile one under /etc/apparmor.d lets this executable make user namespaces
 * @property {boolean} unshareWorks
 * @property {string} electron path of the executable
 */

/**
 * @param {string} electron
 * @param {readonly string[]} args
 * @returns {SandboxPlan}
 */
export function planSandbox(electron, args) {
  return judgeSandbox(readFacts(electron, args));
}

/**
 * @param {SandboxFacts} facts
 * @returns {SandboxPlan}
 */
export function judgeSandbox(facts) {
  if (facts.asked) return { mode: 'off', why: '--no-sandbox was given' };
  if (facts.platform !== 'linux') return { mode: 'sandboxed' };
  if (facts.root) return { mode: 'off', why: 'Chromium has no sandbox for root; start as another user to have it' };
  if (facts.setuidHelper) return { mode: 'sandboxed' };
  if (facts.maxUserNamespaces === '0') {
    return blocked(facts, 'user namespaces are switched off (user.max_user_namespaces = 0)', [
      'sudo sysctl -w user.max_user_namespaces=15000',
    ]);
  }
  if (facts.unprivilegedUsernsClone === '0') {
    return blocked(facts, 'user namespaces are only for root (kernel.unprivileged_userns_clone = 0)', [
      'sudo sysctl -w kernel.unprivileged_userns_clone=1',
    ]);
  }
  if (facts.apparmorRestrict === '1' && !facts.apparmorProfile) {
    return blocked(
      facts,
      'AppArmor lets only named programs make user namespaces (kernel.apparmor_restrict_unprivileged_userns = 1)',
      [
        `printf '%s\\n' ${shellQuoted(apparmorProfile(facts.electron))} | sudo tee /etc/apparmor.d/${apparmorProfileName} >/dev/null`,
        `sudo apparmor_parser --replace /etc/apparmor.d/${apparmorProfileName}`,
      ],
    );
  }
  if (facts.apparmorRestrict !== '1' && !facts.unshareWorks) {
    return blocked(facts, 'this machine (a container without the right, perhaps) refuses user namespaces', []);
  }
  return { mode: 'sandboxed' };
}

const apparmorProfileName = 'pyrometer-electron';

/**
 * @param {SandboxFacts} facts
 * @param {string} why
 * @param {string[]} first the mend that fits best
 * @returns {SandboxPlan}
 */
function blocked(facts, why, first) {
  const helper = join(dirname(facts.electron), 'chrome-sandbox');
  const setuid = `sudo chown root:root ${shellQuoted(helper)} && sudo chmod 4755 ${shellQuoted(helper)}`;
  return { mode: 'blocked', why, mend: first.length > 0 ? [...first] : [setuid] };
}

/** A profile that confines nothing and grants what the sandbox needs. @param {string} electron */
function apparmorProfile(electron) {
  return [
    'abi <abi/4.0>,',
    'include <tunables/global>',
    `profile ${apparmorProfileName} "${electron}" flags=(unconfined) {`,
    '  userns,',
    '}',
  ].join('\n');
}

/** @param {string} text */
function shellQuoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * @param {string} electron
 * @param {readonly string[]} args
 * @returns {SandboxFacts}
 */
function readFacts(electron, args) {
  const root = process.getuid?.() === 0;
  const linux = process.platform === 'linux';
  const helper = linux ? statSync(join(dirname(electron), 'chrome-sandbox'), { throwIfNoEntry: false }) : undefined;
  return {
    platform: process.platform,
    root,
    asked: args.includes('--no-sandbox'),
    setuidHelper: helper !== undefined && helper.uid === 0 && (helper.mode & 0o4111) === 0o4111,
    maxUserNamespaces: readSetting('/proc/sys/user/max_user_namespaces'),
    unprivilegedUsernsClone: readSetting('/proc/sys/kernel/unprivileged_userns_clone'),
    apparmorRestrict: readSetting('/proc/sys/kernel/apparmor_restrict_unprivileged_userns'),
    apparmorProfile: linux && hasApparmorProfile(electron),
    // Mapping a user, as the sandbox does, is refused in more places than making the namespace.
    unshareWorks: !linux || root || unshareSucceeds(),
    electron,
  };
}

function unshareSucceeds() {
  const result = spawnSync('unshare', ['--user', '--map-root-user', 'true'], { stdio: 'ignore', timeout: 5000 });
  // Without the program nothing is known; Electron will say it itself.
  return result.error !== undefined || result.status === 0;
}

/** @param {string} path */
function readSetting(path) {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (_thisKernelHasNoSuchSetting) {
    return undefined;
  }
}

/** @param {string} electron */
function hasApparmorProfile(electron) {
  try {
    return readdirSync('/etc/apparmor.d', { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .some((entry) => {
        const text = readSetting(join('/etc/apparmor.d', entry.name)) ?? '';
        return text.includes(electron) && /^\s*userns\b/m.test(text);
      });
  } catch (_noAppArmor) {
    return false;
  }
}
