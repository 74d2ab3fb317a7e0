import type { Receipt, ReceiptEntry } from '../../../contract/receipt.js';

/** Bounds of what is remembered of one target. */
const maxEntries = 500;
const maxCharacters = 1_000_000;

type Noted = Omit<ReceiptEntry, 'number'>;

/** Remembers what was run and written on one target. The oldest go first when there is too much, and are counted. */
export class ReceiptBook {
  private readonly clock: () => number;
  private entries: ReceiptEntry[] = [];
  private characters = 0;
  private noted = 0;

  constructor(clock: () => number = Date.now) {
    this.clock = clock;
  }

  /** Notes something that begins now; the answer is called with what came of it. */
  note(entry: Omit<Noted, 'atMs' | 'outcome'>): (outcome: string) => void {
    const number = ++this.noted;
    this.entries.push({ ...entry, number, atMs: this.clock(), outcome: 'not yet ended' });
    this.characters += entry.command.length;
    while (this.entries.length > maxEntries || (this.characters > maxCharacters && this.entries.length > 1)) {
      this.characters -= this.entries.shift()?.command.length ?? 0;
    }
    return (outcome) => {
      this.entries = this.entries.map((each) => (each.number === number ? { ...each, outcome } : each));
    };
  }

  receipt(targetName: string): Receipt {
    const entries = [...this.entries];
    return { entries, forgotten: this.noted - entries.length, text: asScript(targetName, entries, this.noted) };
  }
}

function asScript(targetName: string, entries: readonly ReceiptEntry[], noted: number): string {
  const head = [
    `# What Pyrometer ran and wrote on ${oneLine(targetName)}, in order; times are this computer's.`,
    '# Passwords are no part of it. Run as a script it does the same again.',
  ];
  if (noted > entries.length) head.push(`# ${noted - entries.length} older entries were let go.`);
  const lines = entries.map(
    ({ number, atMs, title, asRoot, command, outcome }) =>
      `# ${number}. ${new Date(atMs).toISOString()} ${oneLine(title)} (${asRoot ? 'as root, ' : ''}${oneLine(outcome)})\n${command}`,
  );
  return `${[head.join('\n'), ...lines].join('\n\n')}\n`;
}

/** A comment ends with its line, and what follows would be run. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}
