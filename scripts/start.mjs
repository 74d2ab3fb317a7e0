import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { exitCodeOf, runStages, summarise } from './stages.mjs';
import { addonStage } from './setup/addon.mjs';
import { agentsStage } from './setup/agents.mjs';
import { buildStage, cliPath } from './setup/build.mjs';
import { parseStartArguments } from './setup/commands.mjs';
import { dependenciesStage } from './setup/dependencies.mjs';
import { electronPath, electronStage } from './setup/electron-runtime.mjs';
import { librariesStage } from './setup/libraries.mjs';
import { withLock } from './setup/lock.mjs';
import { root } from './setup/paths.mjs';
import { pyspyStage } from './setup/pyspy.mjs';
import { planSandbox } from './setup/sandbox.mjs';
import { systemPackagesStage } from './setup/system-packages.mjs';

/** Where the person stands; npm changes into the clone before it runs this. */
const origin =
  process.env['npm_lifecycle_event'] === 'start' ? (process.env['INIT_CWD'] ?? process.cwd()) : process.cwd();

const { yes, setupOnly, command, rest } = parseStartArguments(process.argv.slice(2));

if (command) await startCommandLine(command);
else await startWindow();

/** @param {{ agents: boolean }} needs */
async function startCommandLine(needs) {
  const stages = [
    dependenciesStage(),
    addonStage(),
    ...(needs.agents ? [agentsStage({ required: true }), pyspyStage()] : []),
    buildStage(),
  ];
  if (!(await setUp(stages)) || setupOnly) return;
  // In this process: Ctrl+C, standard input and the exit code are the command's own.
  process.chdir(origin);
  process.argv = [process.execPath, cliPath, ...rest];
  await import(pathToFileURL(cliPath).href);
}

async function startWindow() {
  if (!setupOnly && process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY']) {
    console.error('There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window can open.');
    console.error('Without one, record a flame graph of this computer:');
    console.error('  npm start -- record local --seconds 15 --out flame.html');
    process.exitCode = 1;
    return;
  }
  const stages = [
    systemPackagesStage({ groups: ['run', 'native'], yes }),
    dependenciesStage(),
    electronStage(),
    agentsStage({ required: false }),
    pyspyStage(),
    addonStage(),
    buildStage(),
    librariesStage(),
  ];
  if (!(await setUp(stages)) || setupOnly) return;
  const electron = electronPath();
  const sandbox = planSandbox(electron, rest);
  if (sandbox.mode === 'blocked') {
    console.error(`Electron's sandbox cannot work here: ${sandbox.why}. To mend it:`);
    for (const line of sandbox.mend) console.error(`  ${line}`);
    console.error('Then run npm start again. The window is not opened without its sandbox.');
    process.exitCode = 1;
    return;
  }
  if (sandbox.mode === 'off') console.log(`Starting without Electron's sandbox: ${sandbox.why}.`);
  const switches = sandbox.mode === 'off' && !rest.includes('--no-sandbox') ? ['--no-sandbox'] : [];
  // The clone comes first: the app takes what stands behind it as files. Chromium reads its switches anywhere.
  process.exitCode = await runWindow(electron, [root, ...switches, ...rest.map(absoluteFile)]);
}

/**
 * @param {readonly import('./stages.mjs').Stage[]} stages
 * @returns {Promise<boolean>} false: it failed, and the exit code is set
 */
async function setUp(stages) {
  const result = await withLock(() => runStages('setup', stages), {
    onWait: (owner) => console.log(`Another set-up of this clone is running (process ${owner}); waiting for it.`),
  });
  process.exitCode = exitCodeOf(result);
  const worked = result.stages.some(({ mark }) => mark !== 'ready');
  if (worked || setupOnly) console.log(summarise('set-up', result));
  return result.ok;
}

/**
 * Files are named from where the person stands.
 *
 * @param {string} argument
 */
function absoluteFile(argument) {
  const path = resolve(origin, argument);
  return !argument.startsWith('-') && existsSync(path) ? path : argument;
}

/**
 * @param {string} electron
 * @param {readonly string[]} args
 * @returns {Promise<number>} exit code
 */
function runWindow(electron, args) {
  return new Promise((done) => {
    const child = spawn(electron, args, { cwd: origin, stdio: 'inherit' });
    /** @type {Set<NodeJS.Signals>} */
    const asked = new Set();
    /** The second time it is no longer a question. @param {NodeJS.Signals} signal */
    const passOn = (signal) => {
      // A terminal sends the first Ctrl+C to both; twice would cut the app's orderly end short.
      if (asked.has(signal)) child.kill('SIGKILL');
      else if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
      asked.add(signal);
    };
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, passOn);
    child.once('error', (error) => {
      console.error(`Electron did not start: ${error.message}`);
      done(1);
    });
    child.once('exit', (code, signal) => {
      if (signal) console.error(`Electron was ended by ${signal}`);
      done(code ?? 1);
    });
  });
}
