/**
 * The first words that `npm start -- WORD ...` hands to the command line instead of the window, and what of set-up each
 * needs. A file of such a name is opened as `./record`.
 *
 * @type {Readonly<Record<string, { agents: boolean }>>}
 */
const commands = {
  record: { agents: true },
  agent: { agents: true },
  export: { agents: false },
  check: { agents: true },
  tunnel: { agents: false },
  diff: { agents: false },
  changes: { agents: false },
  help: { agents: false },
  version: { agents: false },
};

/** @typedef {{ yes: boolean, setupOnly: boolean, command: { agents: boolean } | undefined, rest: string[] }} StartArguments */

/**
 * Splits what `npm start` was given: options of set-up come first, then a command of the command line with its
 * arguments, or files and switches for the window.
 *
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {StartArguments}
 */
export function parseStartArguments(args, environment = process.env) {
  const rest = [...args];
  let yes = isSet(environment['CI']);
  let setupOnly = false;
  for (;;) {
    if (rest[0] === '--yes') yes = true;
    else if (rest[0] === '--setup-only') setupOnly = true;
    else break;
    rest.shift();
  }
  const word = { '--help': 'help', '-h': 'help', '--version': 'version' }[rest[0] ?? ''] ?? rest[0] ?? '';
  return { yes, setupOnly, command: Object.hasOwn(commands, word) ? commands[word] : undefined, rest };
}

/** @param {string | undefined} value */
function isSet(value) {
  return value !== undefined && value !== '' && value !== '0' && value !== 'false';
}
