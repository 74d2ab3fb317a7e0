import { createInterface } from 'node:readline/promises';
import { runCommand } from './children.mjs';
import {
  debianArchitecture,
  dpkgFormat,
  parseCandidates,
  parseInstalled,
  parseProvider,
  parseSimulation,
} from './apt.mjs';
import { packagesOf } from './package-groups.mjs';
import { findProgram, fromRoot } from './paths.mjs';
import { openStamp } from './stamp.mjs';
import { unpackPackage } from './unpacked-packages.mjs';

/** @typedef {import('./package-groups.mjs').SystemPackage} SystemPackage */
/** @typedef {import('./package-groups.mjs').PackageGroup} PackageGroup */
/** @typedef {import('../stages.mjs').StageContext} StageContext */

const installScript = fromRoot('scripts/setup/apt-install.sh');
const english = { env: { LC_ALL: 'C' } };

/**
 * System packages that are missing, through apt: the list with reasons first, then one question on a terminal; with
 * `yes` no question; otherwise the line that installs them. What apt cannot do without an upgrade or a removal is named
 * and left alone.
 *
 * @param {{ groups: readonly PackageGroup[], yes: boolean, required?: boolean }} options `required`: fail when something
 *   stays missing; otherwise that is a warning and the run goes on
 * @returns {import('../stages.mjs').Stage}
 */
export function systemPackagesStage({ groups, yes, required = false }) {
  return {
    name: 'system packages',
    alone: true,
    async run(context) {
      if (process.platform !== 'linux') return { mark: 'ready', text: 'none needed' };
      const missing = await missingPackages(groups);
      if (missing === undefined) return { mark: 'ready', text: 'not a Debian or Ubuntu system' };
      if (missing.length === 0) return { mark: 'ready', text: 'all there' };
      /** @param {string} text @returns {import('../stages.mjs').Outcome} */
      const without = (text) => {
        if (required) throw new Error(text);
        return { mark: 'warned', text };
      };

      const declined = declinedStamp(missing);
      if (!yes && declined.fresh) return without(`${missing.length} missing, not installed as you said`);
      context.note('These system packages are missing:');
      for (const { name, reason } of missing) context.note(`    ${name.padEnd(20)} ${reason}`);
      let found = await resolveNames(missing);
      const line = commandLine([...found.packages, ...found.unknown]);
      const answer = await mayInstall(yes, context);
      if (answer !== 'yes') {
        if (answer === 'no') declined.save();
        context.note(`  to install them: ${line}`);
        return without(`${missing.length} missing`);
      }
      context.begin(`installing ${missing.length} packages`);
      const refused = await becomeRoot(context, yes);
      if (refused !== undefined) {
        context.note(`  to install them: ${line}`);
        return without(refused);
      }
      if (found.unknown.length > 0) {
        // Fresh images carry no package lists at all.
        await execAsRoot('apt-get', ['update'], context);
        found = await resolveNames(missing);
      }
      const { possible, impossible } = await withoutUpgrades(found.packages);
      for (const name of found.unknown) context.note(`    ${name}: apt on this machine does not know it`);
      for (const { name, why } of impossible) context.note(`    ${name}: left alone, because ${why}`);
      if (possible.length > 0) await execAsRoot('sh', [installScript, ...possible], context);
      const unpacked = impossible
        .map(({ name }) => name)
        .filter((name) => missing.some((each) => each.name === name && each.unpack));
      for (const name of unpacked) await unpackPackage(name, context);
      const rest = [...found.unknown, ...impossible.map(({ name }) => name).filter((name) => !unpacked.includes(name))];
      const text = [
        ...(possible.length > 0 ? [`installed ${possible.join(' ')}`] : []),
        ...(unpacked.length > 0 ? [`unpacked for the tests alone ${unpacked.join(' ')}`] : []),
        ...(rest.length > 0 ? [`missing ${rest.join(' ')}`] : []),
      ].join('; ');
      return rest.length > 0 ? without(text) : { mark: 'done', text };
    },
  };
}

/**
 * Which packages of the groups this machine lacks; undefined where there is no dpkg to ask.
 *
 * @param {readonly PackageGroup[]} groups
 * @returns {Promise<SystemPackage[] | undefined>}
 */
export async function missingPackages(groups) {
  if (findProgram(['dpkg-query']) === undefined) return undefined;
  const wanted = packagesOf(groups);
  // dpkg rewrites this file with each change, so that an unchanged one answers without asking.
  const stamp = openStamp(`packages-${groups.join('-')}`, {
    inputs: [],
    outputs: ['/var/lib/dpkg/status'],
    settings: { names: wanted.map(({ name }) => name).join() },
  });
  if (stamp.fresh) return [];
  const installed = parseInstalled(
    await runCommand('dpkg-query', ['-W', `-f=${dpkgFormat}`], english),
    debianArchitecture,
  );
  const missing = wanted.filter(
    ({ name, programs }) => !installed.has(name) && !(programs && findSystemProgram(programs)),
  );
  if (missing.length === 0) stamp.save();
  return missing;
}

/** The one line that installs packages, for a person to run. @param {readonly string[]} names */
export function commandLine(names) {
  return `sudo sh ${installScript} ${names.join(' ')}`;
}

/**
 * A server's program may lie where only root's PATH leads.
 *
 * @param {readonly string[]} names
 */
function findSystemProgram(names) {
  return findProgram(names, `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`);
}

/**
 * The names under which apt knows the packages here.
 *
 * @param {readonly SystemPackage[]} missing
 */
async function resolveNames(missing) {
  const names = missing.map(({ name }) => name);
  const candidates = parseCandidates(await runCommand('apt-cache', ['policy', ...names], english));
  /** @type {string[]} */
  const packages = [];
  /** @type {string[]} */
  const unknown = [];
  for (const name of names) {
    const chosen = candidates.has(name) ? name : await providerOf(name);
    if (chosen === undefined) unknown.push(name);
    else packages.push(chosen);
  }
  return { packages, unknown };
}

/** @param {string} name */
async function providerOf(name) {
  try {
    return parseProvider(name, await runCommand('apt-cache', ['showpkg', name], english));
  } catch (_nobodyKnowsTheName) {
    return undefined;
  }
}

/**
 * Those that apt can install while all else keeps its version and its place.
 *
 * @param {readonly string[]} packages
 * @returns {Promise<{ possible: string[], impossible: { name: string, why: string }[] }>}
 */
async function withoutUpgrades(packages) {
  if (packages.length === 0) return { possible: [], impossible: [] };
  if ((await obstacle(packages)) === undefined) return { possible: [...packages], impossible: [] };
  /** @type {string[]} */
  const possible = [];
  /** @type {{ name: string, why: string }[]} */
  const impossible = [];
  for (const name of packages) {
    const why = await obstacle([...possible, name]);
    if (why === undefined) possible.push(name);
    else impossible.push({ name, why });
  }
  return { possible, impossible };
}

/**
 * @param {readonly string[]} packages
 * @returns {Promise<string | undefined>} why they cannot be installed just so
 */
async function obstacle(packages) {
  try {
    const args = ['--simulate', '--quiet', 'install', '--no-upgrade', '--no-install-recommends', ...packages];
    const { upgrades, removals } = parseSimulation(await runCommand('apt-get', args, english));
    if (removals.length > 0) return `it would remove ${removals.join(', ')}`;
    return upgrades.length > 0 ? `it would upgrade ${upgrades.join(', ')}` : undefined;
  } catch (error) {
    const tail = /** @type {{ tail?: readonly string[] }} */ (error).tail ?? [];
    return tail.find((line) => line.startsWith('E: '))?.slice(3) ?? String(error);
  }
}

/**
 * @param {boolean} yes
 * @param {StageContext} context
 * @returns {Promise<'yes' | 'no' | 'nobody to ask'>}
 */
async function mayInstall(yes, context) {
  if (yes) return 'yes';
  if (!process.stdin.isTTY || !process.stdout.isTTY) return 'nobody to ask';
  const answer = await context.withTerminal(() =>
    askOnTerminal('Install them with apt now? Nothing is upgraded and no service is started. [Y/n] ', context.signal),
  );
  return /^(y|yes|)$/i.test(answer) ? 'yes' : 'no';
}

/**
 * A person is asked once; a no is kept until the list changes.
 *
 * @param {readonly SystemPackage[]} missing
 */
function declinedStamp(missing) {
  const packages = missing.map(({ name }) => name).join();
  return openStamp('packages-declined', { inputs: [], outputs: [], settings: { packages } });
}

/**
 * @param {string} question
 * @param {AbortSignal} signal
 * @returns {Promise<string>} trimmed; `no` when the input ends
 */
async function askOnTerminal(question, signal) {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // While it reads a line, Ctrl+C comes as a key.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  const ended = new Promise((resolve) => terminal.once('close', () => resolve('no')));
  try {
    return String(await Promise.race([terminal.question(question, { signal }), ended])).trim();
  } finally {
    terminal.close();
  }
}

/**
 * Makes sure that `execAsRoot` will not have to ask.
 *
 * @param {StageContext} context
 * @param {boolean} yes with no terminal: nobody is there to type a password
 * @returns {Promise<string | undefined>} why root cannot be had
 */
async function becomeRoot(context, yes) {
  if (process.getuid?.() === 0) return undefined;
  const sudo = findProgram(['sudo']);
  if (sudo === undefined) return 'there is no sudo, and this is not root';
  try {
    if (yes && !process.stdin.isTTY) await context.exec(sudo, ['-n', 'true']);
    // sudo asks on the terminal itself; a live line would write over its question.
    else await context.withTerminal(() => context.exec(sudo, ['-v'], { foreground: true }));
    return undefined;
  } catch (error) {
    if (context.signal.aborted) throw error;
    return 'sudo did not let us';
  }
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {StageContext} context
 */
async function execAsRoot(command, args, context) {
  // apt leaves a half-configured system behind when it is killed: it gets time to end by itself.
  const gentle = /** @type {const} */ ({ endSignal: 'SIGINT', graceMs: 120_000 });
  if (process.getuid?.() === 0) await context.exec(command, args, gentle);
  // sudo's permission belongs to the terminal, so it must not leave the terminal's session.
  else await context.exec('sudo', ['-n', command, ...args], { ...gentle, foreground: process.stdin.isTTY });
}
