import type { Prompter } from '../engine/link/prompter.js';
import { ask } from './terminal.js';

/** Asks on the terminal, or by SSH_ASKPASS. Where there is neither, nothing is accepted and nothing answered, and it says how to go on. */
export const terminalPrompter: Prompter = {
  acceptHostKey: async ({ host, keyType, fingerprint }) => {
    const about = `${host} shows a ${keyType} host key that is not known here:\n  ${fingerprint}`;
    process.stderr.write(`\n${about}\n`);
    const answer = await ask('Is that the key of your server? Type yes to go on: ', true, about);
    if (answer === undefined) {
      process.stderr.write('Nobody can be asked here: connect once with ssh or in the window, then try again.\n');
    }
    return answer?.trim().toLowerCase() === 'yes';
  },
  askSecret: async ({ title, explanation, fields }) => {
    const about = `${title}\n${explanation}`;
    process.stderr.write(`\n${about}\n`);
    const answers: string[] = [];
    for (const { label, echo } of fields) {
      const answer = await ask(`${label}: `, echo, about);
      if (answer === undefined) return null;
      answers.push(answer);
    }
    return answers;
  },
};
