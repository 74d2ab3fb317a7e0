import { unmarked } from '../../link/marked.js';
import { quoteCommand } from '../../link/quote.js';
import { readsNothing, typedAsRoot } from '../root/scripts.js';

/** A command as a receipt shows it. */
export interface PlainCommand {
  readonly title: string;
  readonly asRoot: boolean;
  readonly text: string;
}

const rootPrograms = ['sudo', 'doas', 'pkexec'];

/**
 * What a person would type to run the same: without the marks that tell our output from a login script's, and with the
 * terminal instead of a password that is written. Our scripts say in their first line what they are for.
 */
export function plainCommand(argv: readonly string[]): PlainCommand {
  const plain = unmarked(argv) ?? typedAsRoot(argv) ?? argv;
  return {
    title: plain.map(purpose).find((said) => said !== undefined) ?? briefly(plain),
    asRoot: rootPrograms.includes(plain[0] ?? ''),
    text: `${quoteCommand(plain)}${readsNothing(argv) ? ' < /dev/null' : ''}`,
  };
}

function purpose(argument: string): string | undefined {
  return /^\s*# (.+)$/m.exec(argument.slice(0, 300).replace(/^\n+/, '').split('\n')[0] ?? '')?.[1];
}

function briefly(argv: readonly string[]): string {
  const text = argv.join(' ').replace(/\s+/g, ' ').trim();
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}
