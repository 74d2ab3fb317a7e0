/**
 * What a terminal shows while stages run: a line for each that has ended, and below them one live line with a spinner
 * and timers. Without a terminal: plain lines, one when a stage's work begins and one when it has ended.
 *
 * @typedef {object} Progress
 * @property {(name: string, text: string) => void} begin a stage's real work begins
 * @property {(name: string, text: string) => void} detail what a stage does just now; live line only
 * @property {(name: string, mark: Mark, text: string) => void} end
 * @property {(text: string) => void} note a line of its own
 * @property {() => void} pause takes the live line away, for a question or a command that needs the terminal
 * @property {() => void} resume
 * @property {() => void} close
 */

/** @typedef {'done' | 'ready' | 'skipped' | 'warned' | 'failed'} Mark */

/** @type {Record<Mark, { sign: string, colour: number }>} */
const marks = {
  done: { sign: '✓', colour: 32 },
  ready: { sign: '·', colour: 90 },
  skipped: { sign: '–', colour: 33 },
  warned: { sign: '!', colour: 33 },
  failed: { sign: '✗', colour: 31 },
};

const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const frameMs = 100;

/**
 * @param {{ stream?: NodeJS.WriteStream, live?: boolean, now?: () => number }} [options] `live`: draw the live line;
 *   default: when the stream is a terminal and CI is not set
 * @returns {Progress}
 */
export function createProgress(options = {}) {
  const { stream = process.stdout, now = () => performance.now() } = options;
  const live = options.live ?? (stream.isTTY && !process.env['CI'] && process.env['TERM'] !== 'dumb');
  const colour = stream.isTTY && process.env['NO_COLOR'] === undefined;
  /** @type {Map<string, { since: number, text: string }>} */
  const active = new Map();
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  let frame = 0;
  let drawn = false;

  const erase = () => {
    if (drawn) stream.write('\r\x1b[2K');
    drawn = false;
  };
  const draw = () => {
    if (active.size === 0) return;
    frame = (frame + 1) % spinner.length;
    const parts = [...active].map(([name, { since, text }]) => `${name} ${seconds(now() - since)} ${text}`.trimEnd());
    stream.write('\r\x1b[2K' + fitLine(`${spinner[frame]} ${parts.join('  |  ')}`, stream.columns || 80));
    drawn = true;
  };
  const start = () => {
    if (!live || timer !== undefined || active.size === 0) return;
    timer = setInterval(draw, frameMs);
    timer.unref();
  };
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
    erase();
  };
  /** @param {string} text */
  const print = (text) => {
    erase();
    stream.write(text + '\n');
  };

  return {
    begin(name, text) {
      active.set(name, { since: now(), text });
      if (live) start();
      else print(`… ${name}: ${text}`);
    },
    detail(name, text) {
      const entry = active.get(name);
      if (entry) entry.text = printable(text);
    },
    end(name, mark, text) {
      const entry = active.get(name);
      active.delete(name);
      const { sign, colour: code } = marks[mark];
      const took = entry ? `  (${seconds(now() - entry.since)})` : '';
      print(`${colour ? `\x1b[${code}m${sign}\x1b[0m` : sign} ${name}: ${text}${took}`);
      if (active.size === 0) stop();
    },
    note: print,
    pause: stop,
    resume: start,
    close: stop,
  };
}

/** @param {number} ms */
export function seconds(ms) {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/**
 * Cuts a line to a terminal's width; a line that wraps could not be erased again.
 *
 * @param {string} line
 * @param {number} columns
 */
export function fitLine(line, columns) {
  return line.length < columns ? line : line.slice(0, Math.max(0, columns - 2)) + '…';
}

/**
 * A tool's output as one line without control characters: it would move the cursor.
 *
 * @param {string} text
 */
export function printable(text) {
  return text
    .replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '')
    .replace(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+/g, ' ')
    .trim();
}
