import type { FrameSet, LabelKey, Operation } from '../../contract/operations.js';
import { spansWords } from '../format/times.js';
import { visibleText } from '../format/visible-text.js';

const kindWords: Readonly<Record<string, string>> = {
  javascript: 'JavaScript',
  python: 'Python',
  jvm: 'JVM',
  ruby: 'Ruby',
  php: 'PHP',
  perl: 'Perl',
  dotnet: '.NET',
  go: 'Go',
};

/** A kind of frame for people. */
export function frameKindWords(kind: string): string {
  return kindWords[kind] ?? kind;
}

/** A path's last part: where a library lies is in the tooltip. */
function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function setWords(frames: FrameSet): string {
  switch (frames.by) {
    case 'function':
      return frames.name;
    case 'path':
      return `${frames.path.at(-1)?.name ?? ''} here`;
    case 'file':
    case 'library':
      return lastPart(frames.name);
    case 'package':
      return frames.name;
    case 'kind':
      return frameKindWords(frames.kind);
    case 'interpreter':
      return 'interpreter internals';
    case 'pattern':
      return `/${frames.pattern}/`;
  }
}

const verbs = {
  keep: 'with',
  drop: 'without',
  focus: 'focus',
  hide: 'hidden:',
  merge: 'merged into',
  collapse: 'collapsed:',
} as const;

/** A label with its key: "thread worker-1", "size 512 bytes". */
function labelWords({ key, value, unit }: LabelKey): string {
  return `${key} ${value}${unit === '' ? '' : ` ${unit}`}`;
}

/** An operation as its crumb says it. */
export function operationWords(operation: Operation): string {
  switch (operation.kind) {
    case 'invert':
      return 'inverted';
    case 'group':
      return `by ${operation.by}`;
    case 'keep-label':
      return visibleText(`only ${labelWords(operation.label)}`);
    case 'drop-label':
      return visibleText(`without ${labelWords(operation.label)}`);
    case 'keep-times':
      return `only ${spansWords(operation.spans)}`;
    case 'collapse-recursion': {
      const what = operation.frames === undefined ? 'recursion' : `recursion of ${setWords(operation.frames)}`;
      return visibleText(operation.reach === 'whole' ? `whole ${what} collapsed` : `${what} collapsed`);
    }
    case 'keep':
    case 'drop':
    case 'focus':
    case 'hide':
    case 'merge':
    case 'collapse':
      return visibleText(`${verbs[operation.kind]} ${setWords(operation.frames)}`);
  }
}
