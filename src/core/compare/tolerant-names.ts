/** Copies that a compiler makes of a function: GCC's parts and specialisations, LLVM's promoted locals. */
const copyMarks =
  /(?:\.(?:isra|constprop|part|cold|lto_priv|localalias|llvm|specialized|clone|warm|hot|unlikely|startup)(?:\.\d+)*)+$| \[clone [^\]]*\]/g;

/** A function's name without the mark of a copy: the parts that a compiler cuts a function into are the function. */
export function withoutCopyMarks(name: string): string {
  return name.includes('.') ? name.replace(copyMarks, '') : name;
}

/**
 * Names without what a build, a version or a run gives them by chance: two functions that differ only in that are one function
 * of two builds. Applied only to functions that one side of a comparison has and the other lacks, so it may forget much: what
 * both sides know by its whole name is never touched. This is what is taken out of a function's name, in this order.
 */
const chance: readonly (readonly [RegExp, string])[] = [
  // Rust: the hash of an instance, and in the v0 scheme that of a crate, `core[846b46f3a3d25a3b]::fmt`.
  [/::h[0-9a-f]{16}(?=$|[\s.])/g, ''],
  [/\[[0-9a-f]{8,16}\](?=::|$)/g, ''],
  // The JVM: lambda classes with number and address, accessors and proxies that it makes, anonymous classes, lambda bodies.
  [/\$\$Lambda(?:\$\d+)?(?:[/.](?:0x[0-9a-f]+|\d+)\b)?/gi, '$$$$Lambda'],
  [/\b(Generated(?:Method|Constructor|SerializationConstructor)Accessor|\$Proxy)\d+/g, '$1'],
  [/\$_?\d+/g, '$$'],
  // C++ and Rust: `{lambda(int)#2}`, `{closure#0}`, `{unnamed type#1}`, Clang's `'lambda0'(int)`.
  [/#\d+\}/g, '#}'],
  [/'(lambda|unnamed|block-literal)\d*'/g, "'$1'"],
  // Go: closures and the wrappers of go and defer, by their number in the function; bodies of range over func; init functions.
  [/\.(func|gowrap|deferwrap|init\.)\d+(?:\.\d+)*/g, '.$1'],
  [/-range\d+/g, '-range'],
  // .NET: `<Main>b__0_0`, `<>c__DisplayClass3_0`, `<Run>g__Local|5_0`.
  [/(>[a-z]__[A-Za-z]*\|?)\d+(?:_\d+)*/g, '$1'],
  [/\bwasm-function\[\d+\]/g, 'wasm-function[]'],
  // Addresses, with a name of their own or behind a library's.
  [/\b(sub|fun|fcn|func|loc)_(?:0x)?[0-9a-f]{4,}\b/gi, '$1_'],
  [/0x[0-9a-f]+/gi, '0x'],
  [/^[0-9a-f]{8,16}$/i, '0x'],
  // A library's version where the name holds the library: `libfoo.so.1.2+0x`.
  [/\.so(?:\.\d+)+/g, '.so'],
];

/**
 * A function's name without numbers of lambdas and closures, hashes, addresses and marks of copies.
 *
 * Examples: "alloc::vec::push::h0123456789abcdef" is "alloc::vec::push", "main.serve.func2.1" is "main.serve.func".
 */
export function tolerantName(name: string): string {
  let left = withoutCopyMarks(name);
  for (const [pattern, instead] of chance) left = left.replace(pattern, instead);
  return left;
}

const sourceFile =
  /\.(?:[cm]?[jt]sx?|py[xi]?|go|rs|c|cc|cpp|cxx|h|hh|hpp|java|kt|scala|clj|groovy|rb|php|cs|fs|exs?|erl|hs|swift|mm?|s|asm|p[lm]|lua|zig|nim|vue|html)$/i;

/**
 * The last component of a path; of a library, an archive or a program without its version, its build's hash and the interpreter
 * that it was built for. Source files keep their names.
 *
 * Examples: "/usr/lib/libpython3.11.so.1.0" is "libpython.so", "_ssl.cpython-311-x86_64-linux-gnu.so" is "_ssl.so".
 */
export function tolerantFile(file: string): string {
  const last = lastComponent(file);
  if (sourceFile.test(last)) return last;
  return last
    .replace(/\.(?:cpython|cp|pypy|abi)-?\d[^.]*(?=\.)/, '')
    .replace(/-[0-9a-f]{8,}(?=[.-]|$)/, '')
    .replace(/[-_.]?v?\d+(?:[._-]\d+)*/g, '');
}

/** What is behind the last slash, of either kind. */
export function lastComponent(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

const wordEnd = /[\w:>$]/;

/**
 * A function's name without the arguments of templates and generics; operators keep theirs, and so does a type that a Rust
 * path begins with.
 *
 * Examples: "std::vector<int>::push_back" is "std::vector<>::push_back", "slices.Sort[go.shape.int]" is "slices.Sort[]",
 * "<alloc::vec::Vec<T> as Drop>::drop" is "<alloc::vec::Vec<> as Drop>::drop".
 */
export function withoutTypeArguments(name: string): string {
  if (!name.includes('<') && !name.includes('[')) return name;
  let left = '';
  for (let at = 0; at < name.length; at++) {
    const char = name[at] ?? '';
    left += char;
    const close = char === '<' ? '>' : char === '[' ? ']' : undefined;
    if (close === undefined || !wordEnd.test(left.at(-2) ?? '') || /\boperator<?<$/.test(left)) continue;
    const end = closedBy(name, at, char, close);
    // What closes nowhere is no list of arguments: `operator<`, a cut name.
    if (end === undefined) continue;
    left += close;
    at = end;
  }
  return left;
}

/** Where a bracket that is opened at `from` is closed; an arrow closes nothing. */
function closedBy(name: string, from: number, open: string, close: string): number | undefined {
  let depth = 0;
  for (let at = from; at < name.length; at++) {
    if (name[at] === open) depth++;
    else if (name[at] === close && name[at - 1] !== '-' && --depth === 0) return at;
  }
  return undefined;
}
