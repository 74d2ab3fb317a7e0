import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Answerer, AskpassQuestion, AskpassWay } from './askpass.js';

/** So much of a question is heard. */
const maxQuestionBytes = 64 * 1024;

/**
 * Preloaded by this very program (Node, or Electron as Node), which ssh runs with its question as the only argument; Node takes that for
 * a file, which is not there, and the error is nobody's. A shell script does not do on Windows, nor one of cmd.exe: the question may be a
 * server's words, and cmd.exe would read them. `process.argv` has the question as a path; the report has it as it came.
 */
const script = `'use strict';
// Hands a question of ssh to Pyrometer, and the answer to ssh.
const { existsSync } = require('node:fs');
process.report.excludeNetwork = true; // it takes a while
const [, question, ...more] = process.report.getReport().header.commandLine;
// Any other program that runs by the same Node, as a ProxyCommand may, is left alone.
if (question !== undefined && more.length === 0 && !existsSync(question)) {
  process.on('uncaughtException', () => undefined);
  process.exitCode = 1;
  const socket = require('node:net').connect({ path: process.env.PYROMETER_ASKPASS, allowHalfOpen: true });
  let answer = '';
  socket.setEncoding('utf8').on('data', (text) => { answer += text; }).on('error', () => process.exit(1)).on('end', () => {
    const { given } = JSON.parse(answer === '' ? '{}' : answer);
    if (typeof given !== 'string') process.exit(1);
    process.stdout.write(given + '\\n', () => process.exit(0));
  });
  socket.end(JSON.stringify({ hint: process.env.SSH_ASKPASS_PROMPT ?? '', text: question }));
}
`;

/**
 * Takes questions of ssh processes without a shell: by this program, over a socket of the private folder, on Windows over a pipe with a
 * name that nobody knows and to which nobody else may write.
 */
export async function openProgramAskpass(folder: string, answerer: Answerer): Promise<AskpassWay> {
  const preload = join(folder, 'ask.cjs');
  await writeFile(preload, script, { mode: 0o600 });
  const path = process.platform === 'win32' ? `\\\\.\\pipe\\pyrometer-${randomUUID()}` : join(folder, 'a');
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    take(socket, answerer);
  });
  await listening(server, path);
  return {
    program: process.execPath,
    environment: {
      ELECTRON_RUN_AS_NODE: '1',
      NODE_OPTIONS: `--require "${preload.replace(/[\\"]/g, '\\$&')}"`,
      PYROMETER_ASKPASS: path,
    },
    dispose: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

function take(socket: Socket, answerer: Answerer): void {
  let heard = '';
  socket.setEncoding('utf8');
  socket.on('error', () => undefined); // the asker is gone, and with it who wanted to know
  socket.on('data', (text: string) => {
    heard += text;
    if (heard.length > maxQuestionBytes) socket.destroy();
  });
  socket.once('end', () => {
    const question = questionOf(heard);
    if (question === undefined) socket.destroy();
    else
      void answerer(question).then((given) => {
        socket.end(JSON.stringify(given === null ? {} : { given }));
      });
  });
}

function questionOf(text: string): AskpassQuestion | undefined {
  try {
    const { hint, text: words } = JSON.parse(text) as { hint?: unknown; text?: unknown };
    return typeof hint === 'string' && typeof words === 'string' ? { hint, text: words } : undefined;
  } catch {
    return undefined; // cut short
  }
}
