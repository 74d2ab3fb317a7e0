import { randomUUID } from 'node:crypto';
import { Duplex } from 'node:stream';
import { fail, type Result } from '../../../contract/result.js';
import { Deadline } from '../../link/deadline.js';
import type { RunningCommand } from '../../link/link.js';
import { takeUntil } from '../../link/take-until.js';
import type { AgentBinary } from '../agent-resources.js';
import { install } from '../install.js';
import { agentChanged, changedAfterSent, verifiedCommand } from '../verified-start.js';
import { askPassword, notAccepted, notGiven, type Asking } from './asking.js';
import { RootBridge, type Note } from './root-bridge.js';
import { asBridge } from './scripts.js';
import { SudoWords } from './sudo-words.js';

/** Without the time that the user is asked; sudo waits a while after a wrong password, and the copy is compared. */
const openTimeoutMs = 90_000;
/** From the end of its output. */
const exitTimeoutMs = 5000;

/**
 * Has sudo run, once, what runs all other commands of this connection as root. The agent is put on the target for it where it is not
 * there yet; root copies it, compares the copy and runs that one, as for a start. The user's password goes from the question to sudo
 * and is let go: nothing here keeps it.
 */
export async function openBridge(
  asking: Asking,
  binary: AgentBinary,
  events: { readonly note: Note; readonly onEnded: (bridge: RootBridge) => void },
  signal: AbortSignal,
): Promise<Result<RootBridge>> {
  const { link, facts, targetName } = asking;
  const path = await install(link, facts, binary, { signal });
  if (!path.ok) return path;
  const prompt = `pyrometer-${randomUUID()}:`;
  const mark = `pyrometer-${randomUUID()}`;
  const spawned = await link.spawn(
    asBridge(prompt, mark, verifiedCommand(path.value, binary, ['root-bridge'])),
    signal,
  );
  if (!spawned.ok) return spawned;
  const command = spawned.value;
  const talk = talkToSudo(asking, command, prompt, mark, signal);
  const key = await fingerprintOf(command, mark, talk.givenUp);
  talk.end();
  if (key === undefined) {
    const exit = await ending(command, talk.givenUp);
    if (signal.aborted) return fail('cancelled', 'Cancelled.');
    if (talk.declined) return notGiven(asking);
    if (talk.late) return fail('timeout', `${targetName} did not finish in time: try again.`, talk.said);
    if (exit === undefined) return fail('not-connected', `There is no connection to ${targetName} now: connect first.`);
    if (!talk.accepted) return notAccepted(asking, talk.said.replaceAll(prompt, ''));
    if (exit === agentChanged) return changedAfterSent(facts.cacheFolder, talk.said);
    return fail('agent-failed', 'The agent cannot be run as root there.', talk.said);
  }
  const stream = Duplex.from({ writable: command.stdin, readable: command.stdout });
  stream.on('error', () => undefined); // its close is what is acted on
  const process = { stream, exit: command.exit, stop: command.stop };
  return RootBridge.open({ process, targetName, ...events }, key);
}

/** What came of talking to sudo. */
interface Talk {
  declined: boolean;
  late: boolean;
  accepted: boolean;
  /** The end of standard error. */
  said: string;
  /** Aborted when nothing is to be waited for any more. */
  readonly givenUp: AbortSignal;
  /** A question that is open is taken back. */
  readonly end: () => void;
}

/** Answers sudo's prompt, as often as it comes, with what the user says. */
function talkToSudo(
  asking: Asking,
  { stdin, stderr }: RunningCommand,
  prompt: string,
  mark: string,
  signal: AbortSignal,
): Talk {
  const over = new AbortController();
  const giveUp = new AbortController();
  const deadline = new Deadline(openTimeoutMs, () => {
    talk.late = true;
    giveUp.abort();
  });
  const talk: Talk = {
    declined: false,
    late: false,
    accepted: false,
    said: '',
    givenUp: AbortSignal.any([giveUp.signal, signal]),
    end: () => {
      over.abort();
      deadline.clear();
    },
  };
  let given = false;
  const answer = async (): Promise<void> => {
    deadline.pause();
    const password = await askPassword(asking, 'once', given, AbortSignal.any([over.signal, signal]));
    deadline.resume();
    if (over.signal.aborted) return;
    if (password === undefined) {
      talk.declined = true;
      giveUp.abort();
      return;
    }
    given = true;
    stdin.write(`${password}\n`);
  };
  const words = new SudoWords(prompt, mark, {
    onPrompt: () => {
      void answer(); // writes, or gives up
    },
    onMark: () => {
      talk.accepted = true;
    },
  });
  stdin.on('error', () => undefined); // it ended; its exit says how
  stderr.on('data', (chunk: Buffer) => {
    talk.said = (talk.said + chunk.toString()).slice(-20_000);
    words.take(chunk.toString('latin1'));
  });
  return talk;
}

/** Root says the mark, then the bridge its key. Undefined: it does not come to that. */
async function fingerprintOf(
  { stdout }: RunningCommand,
  mark: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  if ((await takeUntil(stdout, Buffer.from(`\n${mark}\n`), signal)) === undefined) return undefined;
  return (await takeUntil(stdout, Buffer.from('\n'), signal))?.toString();
}

/** The exit code of a command that says no more; undefined without one, as for a cut. */
async function ending({ exit, stop }: RunningCommand, givenUp: AbortSignal): Promise<number | null | undefined> {
  const late = setTimeout(stop, givenUp.aborted ? 0 : exitTimeoutMs);
  const ended = await exit;
  clearTimeout(late);
  return ended.ok ? ended.value.code : undefined;
}
