import { growingU32, u32At } from '../profile/columns.js';
import { functionKeys, type FunctionKeys, type FunctionName, type SideFunctions } from './function-keys.js';
import { tolerantFile, tolerantName, withoutTypeArguments } from './tolerant-names.js';

/** Somebody said that a function is called otherwise since then. An empty file stands for any. */
export interface Rename {
  readonly from: FunctionName;
  readonly to: FunctionName;
}

/** What makes functions of two sides the same one, beside equal names. */
export interface Matching {
  /** Instances of a template or generic function are one function. */
  readonly ignoreTypeArguments: boolean;
  readonly renames: readonly Rename[];
}

/** What holds where nobody asked for more. */
export const plainMatching: Matching = { ignoreTypeArguments: false, renames: [] };

/** Functions of both sides, numbered together: 0 is the root, then the comparison's, then what only the baseline has. */
export interface MatchedFunctions {
  /** By a side's function index, its number. */
  readonly ofBaseline: Uint32Array;
  readonly ofComparison: Uint32Array;
  /** By number, the first such function of that side, or `absent`. */
  readonly baselineFunction: Uint32Array;
  readonly comparisonFunction: Uint32Array;
  /** The number of a key, see `functionKey`; undefined where neither side has such a function. */
  readonly numberOfKey: (key: string) => number | undefined;
}

/** In place of a function index: the side does not have the function. */
export const absent = 0xffffffff;

/**
 * Numbers the functions of both sides together. Those of equal keys are one. Of what is left, functions of the two sides are
 * one when they differ only in what chance gave them (see tolerant-names) or when somebody told that one became the other.
 * Functions of one side that became one by that are one number; the first names it.
 *
 * So nothing is guessed where both sides know a name: with func1 and func2 on both sides they stay two; func3 of one side has
 * nothing left to be the same as and is new or gone.
 */
export function matchFunctions(
  baseline: SideFunctions,
  comparison: SideFunctions,
  matching: Matching = plainMatching,
): MatchedFunctions {
  const before = functionKeys(baseline, matching);
  const after = functionKeys(comparison, matching);
  const [inAfter, inBefore] = commonKeys(before, after);
  const joined = joinedKeys([baseline, before, inAfter], [comparison, after, inBefore], matching);
  const baselineFunction = growingU32();
  const comparisonFunction = growingU32();
  baselineFunction.push(0);
  comparisonFunction.push(0);
  const numberOfGroup = new Map<string, number>();
  const made = (): number => {
    baselineFunction.push(absent);
    return comparisonFunction.push(absent);
  };
  const ofGroup = (group: string): number => {
    const known = numberOfGroup.get(group) ?? made();
    numberOfGroup.set(group, known);
    return known;
  };
  const number = (
    { keys, firstFunction }: FunctionKeys,
    own: typeof baselineFunction,
    otherwise: (key: number) => number,
  ): Uint32Array => {
    const numbers = new Uint32Array(keys.length);
    for (let key = 1; key < keys.length; key++) {
      const group = joined.size === 0 ? undefined : joined.get(keys[key] ?? '');
      const at = group === undefined ? otherwise(key) : ofGroup(group);
      if (own.at(at) === absent) own.set(at, u32At(firstFunction, key));
      numbers[key] = at;
    }
    return numbers;
  };
  const ofAfter = number(after, comparisonFunction, made);
  const ofBefore = number(before, baselineFunction, (key) => {
    const other = u32At(inAfter, key);
    return other === absent ? made() : u32At(ofAfter, other);
  });
  return {
    ofBaseline: before.ofFunction.map((key) => u32At(ofBefore, key)),
    ofComparison: after.ofFunction.map((key) => u32At(ofAfter, key)),
    baselineFunction: baselineFunction.freeze(),
    comparisonFunction: comparisonFunction.freeze(),
    numberOfKey: (key) => {
      const own = after.numberOf.get(key);
      if (own !== undefined) return u32At(ofAfter, own);
      const former = before.numberOf.get(key);
      return former === undefined ? undefined : u32At(ofBefore, former);
    },
  };
}

/** By number of a side's key, its number on the other side, or `absent`. */
function commonKeys(before: FunctionKeys, after: FunctionKeys): readonly [Uint32Array, Uint32Array] {
  const inAfter = new Uint32Array(before.keys.length).fill(absent);
  const inBefore = new Uint32Array(after.keys.length).fill(absent);
  for (let key = 1; key < before.keys.length; key++) {
    const other = after.numberOf.get(before.keys[key] ?? '');
    if (other === undefined) continue;
    inAfter[key] = other;
    inBefore[other] = key;
  }
  return [inAfter, inBefore];
}

type SideKeys = readonly [side: SideFunctions, keys: FunctionKeys, inOther: Uint32Array];

/** By key of what one side alone has, what it has in common with something that the other side alone has. */
function joinedKeys(baseline: SideKeys, comparison: SideKeys, matching: Matching): ReadonlyMap<string, string> {
  const joined = new Map<string, string>();
  const alone = [baseline, comparison].map(([, { keys }, inOther]) => {
    const numbers: number[] = [];
    for (let key = 1; key < keys.length; key++) if (u32At(inOther, key) === absent) numbers.push(key);
    return numbers;
  });
  // The names need not be looked into where only one side has functions of its own.
  if (alone.some(({ length }) => length === 0)) return joined;
  const groupOf = groups(matching);
  const groupsOf = ([side, { keys, firstFunction }]: SideKeys, numbers: readonly number[] = []): Map<string, string> =>
    new Map(numbers.map((key) => [keys[key] ?? '', groupOf(side.nameOf(u32At(firstFunction, key)))]));
  const gone = groupsOf(baseline, alone[0]);
  const come = groupsOf(comparison, alone[1]);
  const [inGone, inCome] = [new Set(gone.values()), new Set(come.values())];
  for (const own of [gone, come]) {
    for (const [key, group] of own) if (inGone.has(group) && inCome.has(group)) joined.set(key, group);
  }
  return joined;
}

/** Tells what a function is when chance and renames are forgotten: equal for functions that may be the same one. */
function groups({ renames, ignoreTypeArguments }: Matching): (of: FunctionName) => string {
  const nameOf = (name: string): string => tolerantName(ignoreTypeArguments ? withoutTypeArguments(name) : name);
  const keyOf = ({ name, file }: FunctionName): string => `${nameOf(name)}\0${tolerantFile(file)}`;
  if (renames.length === 0) return keyOf;
  // Renames may form chains; what hangs together is one group, named by any one of it.
  const leader = new Map<string, string>();
  const leaderOf = (key: string): string => {
    let at = key;
    for (let next = leader.get(at); next !== undefined && next !== at; next = leader.get(at)) at = next;
    return at;
  };
  for (const { from, to } of renames) {
    const [one, other] = [from, to].map((side) => (side.file === '' ? anyFile(nameOf(side.name)) : keyOf(side)));
    if (one === undefined || other === undefined) continue;
    for (const key of [one, other]) if (!leader.has(key)) leader.set(key, key);
    leader.set(leaderOf(other), leaderOf(one));
  }
  return (of) => {
    const key = keyOf(of);
    if (leader.has(key)) return leaderOf(key);
    const named = anyFile(nameOf(of.name));
    return leader.has(named) ? leaderOf(named) : key;
  };
}

function anyFile(name: string): string {
  return `${name}\0\0`;
}
