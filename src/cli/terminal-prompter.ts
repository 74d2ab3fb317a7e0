import type { Prompter } from '../engine/link/prompter.js';
import { ask } from './terminal.js';

/** Asks on the terminal. Where there is none, nothing is accepted and nothing answered, and it says how to go on. */
export const terminalPrompter: Prompter = {
  acceptHostKey: async ({ host, keyType, fingerprint }) => {
    process.stderr.write(`\n${host} shows a ${keyType} host key that is not known here:\n  ${fingerprint}\n`);
    const answer = await ask('Is that the key of your server? Type yes to go on: ', true);
    if (answer === undefined) {
      process.stderr.write('Nobody can be asked here: connect once with ssh or in the window, then try again.\n');
    }
    return answer?.trim().toLowerCase() === 'yes';
  },
  askSecret: async ({ title, explanation, fields }) => {
    process.stderr.write(`\n${title}\n${explanation}\n`);
    const answers: string[] = [];
    for (const { label, echo } of fields) {
      const answer = await ask(`${label}: `, echo);
      if (answer === undefined) return null;
      answers.push(answer);
    }
    return answers;
  },
};
