import { hasTrait, type FrameTrait } from '../flame/frame-traits.js';
import type { SearchMode } from '../flame/match-names.js';
import { packageQuery, traitQuery } from '../flame/match-functions.js';
import { isInterpreterInternal, type Frame, type FrameTable } from '../operations/frames.js';
import type { CallTree } from '../profile/call-tree.js';
import { f64At, u32At } from '../profile/columns.js';

/** The search that shows a part: what it finds has the part's value, and not another that is defined alike. */
export interface SummaryQuery {
  readonly query: string;
  readonly mode: SearchMode;
}

/**
 * One part of what a profile says, in the unit of its tree. Parts may overlap: a package's calls end in the kernel.
 *
 * 'package': time in its frames or below them. Told of those that do at least half of that themselves: a framework that only passes
 * it on says nothing. `leading` is its function that does most, "" where that has no name. `callers` counts the functions of other packages from which at least
 * a hundredth of it comes. 'function': the same where no package is known.
 * 'gc', 'kernel', 'cut': time in or below such frames. 'unnamed': time whose innermost frame has no name.
 */
export type SummaryPart = SummaryQuery & { readonly value: number; readonly share: number } & (
    | {
        readonly kind: 'package' | 'function';
        readonly name: string;
        readonly leading: string;
        readonly callers: number;
      }
    | { readonly kind: 'gc' | 'kernel' | 'unnamed' | 'cut' }
  );

/** A package is told of from this share on, at most so many. */
const leastPackageShare = 0.05;
const mostPackages = 3;
/** Other parts are told of from this share on: what rounds to 0.0 % is no news. */
const leastShare = 0.001;
/** What a package does itself, of what is in or below it. */
const leastOwn = 0.5;
/** Callers from which less comes are not counted. */
const leastCaller = 0.01;

/** A package of a tree, or a function where its package is not known. */
interface Group {
  /** What `groupOfFrame` calls it. */
  readonly number: number;
  readonly kind: 'package' | 'function';
  readonly name: string;
}

/**
 * Says where the time of a tree goes, largest first: packages, then collector, kernel, what has no name and what was cut. The tree
 * stands on its roots; of an inverted one nothing of this is true.
 *
 * Example: app;json 6 and app 2, with json called from app only: json 75 %, leading its function, 1 caller; and app does
 * less than half of its 100 % itself.
 */
export function summariseTree(tree: CallTree, frames: FrameTable): readonly SummaryPart[] {
  const steps = summarySteps(tree, frames);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Work that yields the share of its part that is done, after each stretch of it. */
type Steps<T> = Generator<number, T, undefined>;

/** Nodes or frames that are walked over before others may have their turn: a fraction of a millisecond. */
const stretch = 8192;

/** The same in small steps, for a thread that has other things to do. */
export function* summarySteps(tree: CallTree, frames: FrameTable): Steps<readonly SummaryPart[]> {
  const all = f64At(tree.total, 0);
  if (all <= 0) return [];
  const grouped = yield* groupsOf(tree, frames);
  const told = grouped.groups
    .map((group) => ({ ...group, total: f64At(grouped.total, group.number), own: f64At(grouped.own, group.number) }))
    .filter(({ total, own }) => total >= leastPackageShare * all && own >= leastOwn * total)
    .sort((a, b) => b.total - a.total || (a.name < b.name ? -1 : 1))
    .slice(0, mostPackages);
  const packages: SummaryPart[] = [];
  for (const group of told) packages.push(yield* packagePart(group, grouped, tree, frames, all));
  const traits: { readonly kind: FrameTrait; readonly value: number }[] = [];
  for (const kind of ['gc', 'kernel', 'unnamed', 'cut'] as const) {
    traits.push({ kind, value: yield* valueOfTrait(tree, rolesOf(frames), kind) });
  }
  const others = traits
    .filter(({ value }) => value >= leastShare * all)
    .map(({ kind, value }): SummaryPart => ({
      kind,
      value,
      share: value / all,
      query: traitQuery(kind),
      mode: 'plain',
    }));
  return [...packages, ...others];
}

function* packagePart(
  group: Group & { readonly total: number },
  grouped: Grouped,
  tree: CallTree,
  frames: FrameTable,
  all: number,
): Steps<SummaryPart> {
  const { kind, name, total } = group;
  const leading = leadingOf(group, grouped);
  const counted = [...(yield* callersOf(group, grouped, tree))].filter(
    ([caller, value]) => caller !== 0 && value >= leastCaller * total,
  );
  return {
    kind,
    name,
    leading: rolesOf(frames)(leading).unnamed ? '' : frames.frameAt(leading).name,
    callers: counted.length,
    value: total,
    share: total / all,
    ...queryOf(kind, name),
  };
}

function queryOf(kind: Group['kind'], name: string): SummaryQuery {
  if (kind === 'package') return { query: packageQuery(name), mode: 'plain' };
  return { query: `^${name.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}$`, mode: 'regex' };
}

/** What frames are packages of. Made once a table, which outlives most operations on what it names. */
interface Grouping {
  readonly groups: readonly Group[];
  /** By frame, the number of its group; `serving` where it works for whoever calls it. */
  readonly groupOfFrame: Uint32Array;
}

const serving = 0xffff_ffff;
const groupingOfTable = new WeakMap<FrameTable, Grouping>();

function* groupingOf(frames: FrameTable): Steps<Grouping> {
  const known = groupingOfTable.get(frames);
  if (known !== undefined) return known;
  const roleOf = rolesOf(frames);
  const byKey = new Map<string, Group>();
  const groupOfFrame = new Uint32Array(frames.count);
  for (let index = 0; index < frames.count; index++) {
    if (index % (stretch / 16) === 0) yield index / frames.count; // each is told by regular expressions
    if (roleOf(index).serves) {
      groupOfFrame[index] = serving;
      continue;
    }
    const { packageName, name: ownName } = frames.frameAt(index);
    const kind = packageName === '' ? 'function' : 'package';
    const name = kind === 'package' ? packageName : ownName;
    const key = `${kind} ${name}`;
    let group = byKey.get(key);
    if (group === undefined) byKey.set(key, (group = { number: byKey.size, kind, name }));
    groupOfFrame[index] = group.number;
  }
  const made = { groups: [...byKey.values()], groupOfFrame };
  groupingOfTable.set(frames, made);
  return made;
}

/** Packages added up, with what tells more of those that are told of. */
interface Grouped extends Grouping {
  /** By group, time in its frames or below them. */
  readonly total: Float64Array;
  /** By group, what of that its frames do themselves. */
  readonly own: Float64Array;
  /** By frame, the time of its own that its group was given. */
  readonly ownByFrame: Float64Array;
  /** By node, the function that its own time is of; 0 where there is none above it. */
  readonly owner: Uint32Array;
}

/**
 * Adds up packages. Each sample is one package's own: that of its innermost frame that somebody wrote for a purpose. The
 * C library, an interpreter's loop and the kernel work for whoever calls them.
 */
function* groupsOf(tree: CallTree, frames: FrameTable): Steps<Grouped> {
  const { nodeCount, functionIndex, parent, subtreeEnd } = tree;
  const { groups, groupOfFrame } = yield* groupingOf(frames);
  const total = new Float64Array(groups.length);
  const own = new Float64Array(groups.length);
  /** By group, where the subtree of its outermost open frame ends. */
  const openUntil = new Uint32Array(groups.length);
  const ownByFrame = new Float64Array(frames.count);
  const owner = new Uint32Array(nodeCount);
  for (let node = 1; node < nodeCount; node++) {
    if (node % stretch === 0) yield node / nodeCount;
    const callee = u32At(functionIndex, node);
    const group = u32At(groupOfFrame, callee);
    const mine = group === serving ? u32At(owner, u32At(parent, node)) : callee;
    owner[node] = mine;
    if (group !== serving && node >= u32At(openUntil, group)) {
      openUntil[group] = u32At(subtreeEnd, node);
      total[group] = f64At(total, group) + f64At(tree.total, node);
    }
    if (mine !== 0) ownByFrame[mine] = f64At(ownByFrame, mine) + f64At(tree.self, node);
  }
  for (let frame = 1; frame < frames.count; frame++) {
    const group = u32At(groupOfFrame, frame);
    if (group !== serving) own[group] = f64At(own, group) + f64At(ownByFrame, frame);
  }
  return { groups, groupOfFrame, total, own, ownByFrame, owner };
}

/** The function of a group that does most itself; 0 where none does anything. */
function leadingOf({ number }: Group, { groupOfFrame, ownByFrame }: Grouped): number {
  let leading = 0;
  for (let frame = 1; frame < ownByFrame.length; frame++) {
    if (u32At(groupOfFrame, frame) === number && f64At(ownByFrame, frame) > f64At(ownByFrame, leading)) leading = frame;
  }
  return leading;
}

/** By function that calls into a group from outside, the time that it calls for; 0: nobody does. */
function* callersOf(
  { number }: Group,
  { groupOfFrame, owner }: Grouped,
  { nodeCount, functionIndex, parent, subtreeEnd, total }: CallTree,
): Steps<ReadonlyMap<number, number>> {
  const callers = new Map<number, number>();
  let seen = 0;
  for (let node = 1; node < nodeCount;) {
    if (++seen % stretch === 0) yield node / nodeCount;
    if (u32At(groupOfFrame, u32At(functionIndex, node)) !== number) {
      node++;
      continue;
    }
    const caller = u32At(owner, u32At(parent, node));
    callers.set(caller, (callers.get(caller) ?? 0) + f64At(total, node));
    node = u32At(subtreeEnd, node);
  }
  return callers;
}

/** Libraries that work for whoever calls them: the C and C++ runtimes, allocators, the loader, and CPython's own accelerators. */
const servingLibrary =
  /(?:^|\/)(?:ld-|ld\.so|lib(?:c|m|pthread|dl|rt|gcc_s|stdc\+\+|c\+\+|jemalloc|tcmalloc|mimalloc)[-.]|\[?(?:linux-)?vdso)|\/lib-dynload\//;

/** Whether a frame works for whoever calls it. */
function isPlumbing(frame: Frame): boolean {
  const { kind, library } = frame;
  return (
    kind === 'kernel' ||
    kind === 'error' ||
    isInterpreterInternal(frame) ||
    (kind === 'native' && servingLibrary.test(library))
  );
}

/** What a summary asks of a frame. `serves`: it works for whoever calls it. */
type Role = Readonly<Record<'serves' | 'gc' | 'kernel' | 'cut' | 'unnamed', boolean>>;

/** Roles are told by regular expressions: once a table, which outlives most operations on what it names. */
const rolesOfTable = new WeakMap<FrameTable, (index: number) => Role>();

function rolesOf(frames: FrameTable): (index: number) => Role {
  const told = rolesOfTable.get(frames);
  if (told !== undefined) return told;
  const known: (Role | undefined)[] = new Array<undefined>(frames.count).fill(undefined);
  const roleOf = (index: number): Role => (known[index] ??= tellRole(frames.frameAt(index)));
  rolesOfTable.set(frames, roleOf);
  return roleOf;
}

function tellRole(frame: Frame): Role {
  return {
    serves: isPlumbing(frame),
    gc: hasTrait(frame, 'gc'),
    kernel: hasTrait(frame, 'kernel'),
    cut: hasTrait(frame, 'cut'),
    unnamed: hasTrait(frame, 'unnamed'),
  };
}

/** Adds up subtrees of frames with a trait, those under another one once; of frames without a name what they do themselves. */
function* valueOfTrait(
  { nodeCount, functionIndex, subtreeEnd, self, total }: CallTree,
  roleOf: (index: number) => Role,
  trait: FrameTrait,
): Steps<number> {
  const value = trait === 'unnamed' ? self : total;
  let sum = 0;
  let seen = 0;
  for (let node = 1; node < nodeCount;) {
    if (++seen % stretch === 0) yield node / nodeCount;
    const has = roleOf(u32At(functionIndex, node))[trait];
    if (has) sum += f64At(value, node);
    node = has && trait !== 'unnamed' ? u32At(subtreeEnd, node) : node + 1;
  }
  return sum;
}
