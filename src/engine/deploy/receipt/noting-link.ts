import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Duplex } from 'node:stream';
import type { Result } from '../../../contract/result.js';
import type { LinkState } from '../../../contract/target.js';
import type {
  Address,
  ExecOptions,
  ExecResult,
  ExitStatus,
  Link,
  RunningCommand,
  UploadOptions,
} from '../../link/link.js';
import { quoteArgument } from '../../link/quote.js';
import { plainCommand } from './plain-command.js';
import type { ReceiptBook } from './receipt-book.js';

/** A link that notes in a book what is run and written through it. What is written to a command is not noted. */
export class NotingLink implements Link {
  readonly kind: Link['kind'];
  readonly engine: Address | undefined;
  private readonly link: Link;
  private readonly book: ReceiptBook;

  constructor(link: Link, book: ReceiptBook) {
    this.kind = link.kind;
    this.engine = link.engine;
    this.link = link;
    this.book = book;
  }

  get state(): LinkState {
    return this.link.state;
  }

  onState(listener: (state: LinkState) => void): () => void {
    return this.link.onState(listener);
  }

  onCrowded(listener: () => void): () => void {
    return this.link.onCrowded(listener);
  }

  connect(signal?: AbortSignal): Promise<Result<null>> {
    return this.link.connect(signal);
  }

  async spawn(argv: readonly string[], signal?: AbortSignal): Promise<Result<RunningCommand>> {
    const began = noteCommand(this.book, argv);
    const spawned = await this.link.spawn(argv, signal);
    began(spawned);
    return spawned;
  }

  async exec(argv: readonly string[], options?: ExecOptions): Promise<Result<ExecResult>> {
    const done = note(this.book, argv);
    const result = await this.link.exec(argv, options);
    done(outcomeOf(result));
    return result;
  }

  async upload(localPath: string, remotePath: string, options?: UploadOptions): Promise<Result<null>> {
    const sum = await sha256(localPath);
    const done = this.book.note({
      kind: 'wrote',
      title: `Sends the agent to ${remotePath}`,
      asRoot: false,
      command: [
        `# from this computer: ${quoteArgument(localPath)}${sum === undefined ? '' : `, SHA-256 ${sum}`}`,
        `cat > ${quoteArgument(remotePath)} < pyrometer-agent`,
      ].join('\n'),
    });
    const sent = await this.link.upload(localPath, remotePath, options);
    done(sent.ok ? 'written' : sent.failure.message);
    return sent;
  }

  open(address: Address, signal?: AbortSignal): Promise<Result<Duplex>> {
    return this.link.open(address, signal);
  }

  dispose(): void {
    this.link.dispose();
  }
}

/** Notes a command that is to begin now. The answer is called once it has, or has not; what comes of it is noted by itself. */
export function noteCommand(book: ReceiptBook, argv: readonly string[]): (spawned: Result<RunningCommand>) => void {
  const done = note(book, argv);
  return (spawned) => {
    if (!spawned.ok) done(spawned.failure.message);
    else
      void spawned.value.exit.then((exit) => {
        done(outcomeOf(exit));
      });
  };
}

function note(book: ReceiptBook, argv: readonly string[]): (outcome: string) => void {
  const { title, asRoot, text } = plainCommand(argv);
  return book.note({ kind: 'ran', title, asRoot, command: text });
}

function outcomeOf(result: Result<ExitStatus>): string {
  if (!result.ok) return result.failure.message;
  const { code, signal } = result.value;
  return code === null ? `ended by ${signal ?? 'a signal'}` : `exit ${code}`;
}

/** undefined where the file cannot be read, which the upload says. */
async function sha256(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch {
    return undefined;
  }
  return hash.digest('hex');
}
