import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip as gzipWithCallback } from 'node:zlib';
import { fail, ok, type Result } from '../../../contract/result.js';
import { errorText } from '../../failures/thrown.js';
import type { Brought, SessionCarrier, SessionEvents, SessionStreams } from '../../link/openssh/one-session.js';
import { quoteArgument } from '../../link/quote.js';
import { takeUntil } from '../../link/take-until.js';
import { timeLimit } from '../../link/time-limit.js';
import { findAgentBinary, type AgentBinary } from '../agent-resources.js';
import { plainCommand } from '../receipt/plain-command.js';
import type { ReceiptBook } from '../receipt/receipt-book.js';
import { carryCommand } from './carry-script.js';

const packed = promisify(gzipWithCallback);
/** For one answer of the script. */
const answerMs = 60_000;
/** For the agent to be sent, as for any upload. */
const sendMs = 600_000;

export interface AgentCarrierOptions {
  /** The folder that holds agent/manifest.json. */
  readonly resourcesDir: string;
  /** Told of what is run and written there. */
  readonly book?: ReceiptBook | undefined;
  /** Default /opt/pyrometer. */
  readonly programs?: string;
}

/** Of the script's lines none is longer: two paths and a few words. Whatever else speaks in its place is not shown at any length. */
const longestLine = 16_384;
/** It says three facts and that it is ready. */
const mostFacts = 10;

/** What the script says before it asks what it is to run. */
interface There {
  readonly system: string;
  readonly machine: string;
  readonly gzip: boolean;
}

/**
 * Has `pyrometer-agent login-bridge` carry a connection of which there is one session only, and puts the agent there for it over that
 * session where it is not there yet: one login does for all.
 */
export class AgentCarrier implements SessionCarrier {
  private readonly options: AgentCarrierOptions;

  constructor(options: AgentCarrierOptions) {
    this.options = options;
  }

  command(mark: string): readonly string[] {
    return carryCommand(mark, this.options.programs);
  }

  async bring(streams: SessionStreams, events: SessionEvents, signal: AbortSignal): Promise<Result<Brought>> {
    const { title, text } = plainCommand(this.command('mark'));
    const done = this.options.book?.note({ kind: 'ran', title, asRoot: false, command: `${text} < /dev/null` });
    const brought = await this.talk(new Lines(streams, signal), events);
    if (!brought.ok && signal.aborted) {
      done?.('Cancelled.');
      return fail('cancelled', 'Cancelled.');
    }
    done?.(brought.ok ? 'carries the connection' : brought.failure.message);
    return brought;
  }

  private async talk(lines: Lines, events: SessionEvents): Promise<Result<Brought>> {
    const there = await factsOf(lines);
    if (there === undefined) return saidNothing(lines);
    if (there.system !== 'Linux') {
      return fail(
        'unsupported',
        `The system's ssh cannot share a connection here, and the agent, which carries it then, does not run on ${there.system}.`,
      );
    }
    const binary = await findAgentBinary(this.options.resourcesDir, there.machine);
    if (!binary.ok) return binary;
    const askedAt = performance.now();
    lines.say(`${binary.value.folderName} ${binary.value.fileName} ${binary.value.sha256}`);
    if ((await lines.next()) !== 'heard') return saidNothing(lines);
    const latencyMs = performance.now() - askedAt;
    let answer = await lines.next();
    const path = /^send (\/\P{Cc}*)$/u.exec(answer ?? '')?.[1];
    if (path !== undefined) {
      // All of it is read first: how many bytes come is to be said before them.
      const bytes = await contentOf(binary.value, there.gzip);
      if (!bytes.ok) return bytes;
      events.onNotice('Sending the agent there, which carries the connection.');
      lines.say(`${bytes.value.length} ${there.gzip ? 'gzip' : 'plain'}`);
      answer = await this.send(lines, binary.value, bytes.value, path);
    }
    if (answer !== 'there') return notThere(answer, lines);
    const key = await lines.next();
    return key?.startsWith('SHA256:') === true ? ok({ key, latencyMs }) : saidNothing(lines);
  }

  private async send(lines: Lines, binary: AgentBinary, bytes: Buffer, path: string): Promise<string | undefined> {
    const done = this.options.book?.note({
      kind: 'wrote',
      title: `Sends the agent to ${path}`,
      asRoot: false,
      command: [
        `# from this computer: ${quoteArgument(binary.path)}, SHA-256 ${binary.sha256}`,
        `cat > ${quoteArgument(path)} < pyrometer-agent`,
      ].join('\n'),
    });
    lines.send(bytes);
    const answer = await lines.next(sendMs);
    done?.(answer === 'there' ? 'written' : 'not written');
    return answer;
  }
}

/** The script's words, a line each. */
class Lines {
  /** The last that was said. */
  last = '';
  private readonly streams: SessionStreams;
  private readonly signal: AbortSignal;

  constructor(streams: SessionStreams, signal: AbortSignal) {
    this.streams = streams;
    this.signal = signal;
  }

  /** undefined: there is none any more, or none in time. */
  async next(withinMs = answerMs): Promise<string | undefined> {
    const limit = timeLimit(withinMs, this.signal);
    try {
      const line = (await takeUntil(this.streams.stdout, Buffer.from('\n'), limit.signal))?.toString();
      if (line === undefined || line.length > longestLine) return undefined;
      this.last = line;
      return line;
    } finally {
      limit.release();
    }
  }

  say(line: string): void {
    this.streams.stdin.write(`${line}\n`);
  }

  send(bytes: Buffer): void {
    this.streams.stdin.write(bytes);
  }
}

async function factsOf(lines: Lines): Promise<There | undefined> {
  const said = new Map<string, string>();
  let line = await lines.next();
  for (let facts = 0; line !== 'ready'; facts++) {
    if (line === undefined || facts === mostFacts) return undefined;
    const at = line.indexOf('=');
    said.set(line.slice(0, at), line.slice(at + 1));
    line = await lines.next();
  }
  return { system: said.get('system') ?? '', machine: said.get('machine') ?? '', gzip: said.get('gzip') === 'yes' };
}

async function contentOf({ path, packedPath }: AgentBinary, gzip: boolean): Promise<Result<Buffer>> {
  try {
    if (gzip && packedPath !== undefined) return ok(await readFile(packedPath));
    const bytes = await readFile(path);
    // The fastest level: a program becomes less than half of it, and only a fast network would wait for more.
    return ok(gzip ? await packed(bytes, { level: 1 }) : bytes);
  } catch (error) {
    return fail('not-found', 'The agent of this copy of Pyrometer cannot be read: start it anew.', errorText(error));
  }
}

function notThere(answer: string | undefined, lines: Lines): Result<never> {
  const [, word, rest = ''] = /^(nowhere|failed) (.*)$/.exec(answer ?? '') ?? [];
  if (word === 'nowhere') {
    return fail(
      'unsupported',
      `The system's ssh cannot share a connection here, and the agent, which carries it then, cannot be run there: no program may run in ${rest} (mounted noexec, read-only or full?).`,
    );
  }
  if (word !== 'failed') return saidNothing(lines);
  const free = !/^\d+$/.test(rest) ? '' : ` (${Math.floor(Number(rest) / 1024)} MB free)`;
  return fail(
    'upload-corrupt',
    `The agent, which carries the connection, could not be written there${free}: try again.`,
  );
}

function saidNothing(lines: Lines): Result<never> {
  return fail(
    'agent-failed',
    'What is to carry the connection there does not answer: try again.',
    lines.last === '' ? undefined : lines.last,
  );
}
