import type { Link } from '../link/link.js';
import { runScript } from '../link/marked.js';
import { flaws, mostCodeBytes } from './text-file.js';
import { notIn, type Tried } from './tried.js';

/** Says what the path is in one line, and hands over a regular file: never a device, and never more than was asked for. */
const script = `# Reads a source file that a profile names; changes nothing.
if [ ! -e "$1" ]; then echo missing
elif [ -d "$1" ]; then echo folder
elif [ ! -f "$1" ]; then echo special
elif [ ! -r "$1" ]; then echo unreadable
else echo file; head -c "$2" "$1"
fi`;

/** Reads a file of the target itself, with the rights of who is logged in. The path must be clean and absolute. */
export async function readOnTarget(link: Link, path: string, targetName: string, signal: AbortSignal): Promise<Tried> {
  // One byte more tells that there is more.
  const options = { signal, maxOutputBytes: 2 * mostCodeBytes, timeoutMs: 20_000 };
  const ran = await runScript(link, script, [path, String(mostCodeBytes + 1)], options);
  if (!ran.ok) return notIn('target', targetName, ran.failure.message);
  const { stdout } = ran.value;
  const end = stdout.indexOf('\n');
  const said = stdout.slice(0, end < 0 ? stdout.length : end).trim();
  if (said === 'unreadable') {
    return notIn('target', targetName, flaws.unreadable, 'Log in as a user who may read it.');
  }
  if (said === 'folder' || said === 'special') return notIn('target', targetName, flaws[said]);
  if (said !== 'file') return notIn('target', targetName, flaws.missing);
  const text = stdout.slice(end + 1);
  if (text.includes('\0')) return notIn('target', targetName, flaws.binary);
  if (Buffer.byteLength(text) > mostCodeBytes) return notIn('target', targetName, flaws.tooLarge);
  return { found: { place: 'target', where: targetName, text } };
}
