import { spawn } from 'node:child_process';

/** No password is longer. */
const maxAnswerBytes = 4096;

/** What of the environment says who is asked. */
export type AskpassEnvironment = Readonly<Record<string, string | undefined>>;

/** The program that ssh would have ask here (ssh(1), SSH_ASKPASS and SSH_ASKPASS_REQUIRE); undefined: the terminal does. */
export function askpassProgram(environment: AskpassEnvironment, hasTerminal: boolean): string | undefined {
  const { SSH_ASKPASS: program, SSH_ASKPASS_REQUIRE: required, DISPLAY: x11, WAYLAND_DISPLAY: wayland } = environment;
  if (program === undefined || program === '' || required === 'never') return undefined;
  if (required === 'force') return program;
  const display = (x11 ?? '') !== '' || (wayland ?? '') !== '';
  return display && (required === 'prefer' || !hasTerminal) ? program : undefined;
}

/** Has a program ask; the answer comes on its standard output. undefined: there is none. */
export function askByProgram(program: string, question: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, [question], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(0, maxAnswerBytes);
    });
    child.once('error', (error) => {
      process.stderr.write(`SSH_ASKPASS cannot be run: ${error.message}\n`);
      resolve(undefined);
    });
    child.once('close', (code) => {
      resolve(code === 0 ? (said.split(/\r?\n/, 1)[0] ?? '') : undefined);
    });
  });
}
