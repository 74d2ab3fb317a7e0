import type { FrameKind } from '../flame/frame-kinds.js';
import { kindOfFunction, packageOfFunction, type NamedPlace } from '../flame/packages.js';

/** Where a frame lies, beyond its file and library. */
export interface FrameOrigin {
  /** Of its library; "" when unknown. */
  readonly buildId: string;
  /** Where its function begins, else the first and last line that were seen in it; 0 when unknown. */
  readonly firstLine: number;
  readonly lastLine: number;
  /** Where the profile says that its function begins; absent where it does not. */
  readonly startLine?: number;
}

/** What is known of a frame: a function, a line of one, or a group of functions. */
export interface Frame extends NamedPlace {
  /** The function's name; differs from `name` only when frames are told apart by line. */
  readonly functionName: string;
  readonly kind: FrameKind;
  /** Package, module or library that people would name as its owner; "" when nothing tells. */
  readonly packageName: string;
  /** Of a diff, where the baseline has the function under another name: that name. */
  readonly formerName?: string;
  /** Absent: a group, of which none is the origin. */
  readonly origin?: FrameOrigin;
  /** Which line of its function the frame is, where frames are told apart by line and it is known. */
  readonly line?: number;
}

/**
 * The frames that a tree's `functionIndex` numbers. Frame 0 is the root. Without operations a frame is a function of the profile.
 */
export interface FrameTable {
  readonly count: number;
  readonly frameAt: (frame: number) => Frame;
  /** By frame, the first frame of its function, where several frames are of one; absent where each is its own. */
  readonly functionOf?: Uint32Array;
}

/** The frames of a tree whose functions are known by their places, and by where these lie when that is known. */
export function frameTable(
  count: number,
  placeOf: (frame: number) => NamedPlace,
  originOf?: (frame: number) => FrameOrigin,
): FrameTable {
  const tell = (frame: number): Frame => {
    const told = frameOfPlace(placeOf(frame));
    return originOf === undefined ? told : { ...told, origin: originOf(frame) };
  };
  return { count, frameAt: remember(tell) };
}

/** Tells kind and package of a function. */
export function frameOfPlace(place: NamedPlace): Frame {
  const kind = kindOfFunction(place);
  return {
    name: place.name,
    functionName: place.name,
    file: place.file,
    library: place.library,
    kind,
    packageName: packageOfFunction(place, kind),
  };
}

/** Keeps what was told once: kind and package are told by a dozen regular expressions. */
function remember(tell: (frame: number) => Frame): (frame: number) => Frame {
  const known: (Frame | undefined)[] = [];
  return (index) => (known[index] ??= tell(index));
}

/** A table and one frame behind its last one. */
export function withFrame(table: FrameTable, added: Frame): FrameTable {
  const { count, functionOf } = table;
  return {
    count: count + 1,
    frameAt: (frame) => (frame === count ? added : table.frameAt(frame)),
    ...(functionOf === undefined ? {} : { functionOf: appended(functionOf, count) }),
  };
}

/** What a view shows as a frame's file: the source file, else the library. */
export function shownFile({ file, library }: NamedPlace): string {
  return file === '' ? library : file;
}

const interpreterLibrary =
  /(?:^|\/)(?:lib)?(?:python\d?(?:\.\d+)?(?:\.so.*)?|node(?:\d+)?|libnode\.so.*|jvm\.so.*|ruby(?:-?\d[\d.]*)?(?:\.so.*)?|perl(?:\d[\d.]*)?(?:\.so.*)?|php(?:-fpm)?\d?(?:\.\d+)?(?:\.so.*)?|coreclr\.so.*|clrjit\.so.*)$/;

/** Whether a frame is native code of a language's runtime: its evaluation loop, its object calls, its collector. */
export function isInterpreterInternal({ kind, library }: Frame): boolean {
  return kind === 'native' && interpreterLibrary.test(library);
}

function appended(column: Uint32Array, value: number): Uint32Array {
  const longer = new Uint32Array(column.length + 1);
  longer.set(column);
  longer[column.length] = value;
  return longer;
}
