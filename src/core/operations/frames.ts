import type { FrameKind } from '../flame/frame-kinds.js';
import { kindOfFunction, packageOfFunction, type NamedPlace } from '../flame/packages.js';

/** What is known of a frame: a function, a line of one, or a group of functions. */
export interface Frame extends NamedPlace {
  /** The function's name; differs from `name` only when frames are told apart by line. */
  readonly functionName: string;
  readonly kind: FrameKind;
  /** Package, module or library that people would name as its owner; "" when nothing tells. */
  readonly packageName: string;
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

/** The frames of a tree whose functions are known by their places. */
export function frameTable(count: number, placeOf: (frame: number) => NamedPlace): FrameTable {
  return { count, frameAt: remember((frame) => frameOfPlace(placeOf(frame))) };
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
