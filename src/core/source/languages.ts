/** Endings of files that hold code, by language. */
const endings = [
  'py pyx pxd pxi pyi',
  'go rs c h cc cpp cxx c++ hh hpp hxx inl ipp tcc m mm swift s asm zig nim d',
  'js mjs cjs jsx ts mts cts tsx vue svelte coffee',
  'java kt kts scala groovy clj cljs',
  'rb erb rake php phtml pl pm lua r jl dart',
  'ex exs erl hrl hs ml mli fs fsx vb cs',
  'sql html htm j2 jinja jinja2 mako',
]
  .join(' ')
  .split(' ');

const known: ReadonlySet<string> = new Set(endings);

/**
 * Whether a path ends as a file of source code does. Nothing else is read for the Source view: a profile that was made to harm names
 * /etc/shadow or a private key as the file of a function, and so could a window that was taken over.
 */
export function isSourceFile(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot > 0 && known.has(name.slice(dot + 1).toLowerCase());
}
