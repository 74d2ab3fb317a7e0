import { lastComponent, withoutCopyMarks, withoutTypeArguments } from './tolerant-names.js';

/** What a function is called, and its source file or else its library; "" when neither is known. */
export interface FunctionName {
  readonly name: string;
  readonly file: string;
}

/** The functions of one side. Function 0, the root, is the same on both sides by itself. */
export interface SideFunctions {
  readonly functionCount: number;
  readonly nameOf: (functionIndex: number) => FunctionName;
}

/**
 * A function's key: its name without marks of a compiler's copies, and the last component of its file or library. Folders are left out, since they hold versions that
 * differ from deployment to deployment, and so is the version behind ".so".
 */
export function functionKey(
  { name, file }: FunctionName,
  { ignoreTypeArguments }: { readonly ignoreTypeArguments: boolean },
): string {
  const whole = withoutCopyMarks(name);
  return `${ignoreTypeArguments ? withoutTypeArguments(whole) : whole}\0${lastComponent(file).replace(/\.so\.[\d.]+$/, '.so')}`;
}

/** The keys of one side, numbered in the order in which its functions have them; 0 is the root's. */
export interface FunctionKeys {
  readonly keys: readonly string[];
  readonly numberOf: ReadonlyMap<string, number>;
  /** By function of the side, the number of its key. */
  readonly ofFunction: Uint32Array;
  /** By number, the first function of the side with that key. */
  readonly firstFunction: Uint32Array;
}

const made = new WeakMap<SideFunctions, Map<boolean, FunctionKeys>>();

/** The keys of a side, which are made once as long as somebody has its functions: a profile is compared more than once. */
export function functionKeys(side: SideFunctions, matching: { readonly ignoreTypeArguments: boolean }): FunctionKeys {
  const known = made.get(side) ?? new Map<boolean, FunctionKeys>();
  made.set(side, known);
  let keys = known.get(matching.ignoreTypeArguments);
  if (keys === undefined) known.set(matching.ignoreTypeArguments, (keys = makeKeys(side, matching)));
  return keys;
}

function makeKeys(
  { functionCount, nameOf }: SideFunctions,
  matching: { readonly ignoreTypeArguments: boolean },
): FunctionKeys {
  const keys = [''];
  const numberOf = new Map<string, number>();
  const ofFunction = new Uint32Array(functionCount);
  const firstFunction = new Uint32Array(functionCount);
  for (let index = 1; index < functionCount; index++) {
    const key = functionKey(nameOf(index), matching);
    let number = numberOf.get(key);
    if (number === undefined) {
      number = keys.push(key) - 1;
      numberOf.set(key, number);
      firstFunction[number] = index;
    }
    ofFunction[index] = number;
  }
  return { keys, numberOf, ofFunction, firstFunction: firstFunction.slice(0, keys.length) };
}
