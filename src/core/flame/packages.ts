import type { FrameKind } from './frame-kinds.js';

/** What is known of a function where its kind and package are told. */
export interface NamedPlace {
  readonly name: string;
  /** Source file, "" when unknown. */
  readonly file: string;
  /** Path of the binary or library, "" when unknown. */
  readonly library: string;
}

const kindByExtension: Readonly<Record<string, FrameKind>> = {
  py: 'python',
  pyx: 'python',
  js: 'javascript',
  mjs: 'javascript',
  cjs: 'javascript',
  ts: 'javascript',
  tsx: 'javascript',
  jsx: 'javascript',
  java: 'jvm',
  kt: 'jvm',
  scala: 'jvm',
  clj: 'jvm',
  groovy: 'jvm',
  rb: 'ruby',
  php: 'php',
  pl: 'perl',
  pm: 'perl',
  cs: 'dotnet',
  fs: 'dotnet',
  go: 'go',
  c: 'native',
  h: 'native',
  cc: 'native',
  cpp: 'native',
  cxx: 'native',
  hpp: 'native',
  rs: 'native',
  s: 'native',
  zig: 'native',
};

/** Our agent's store names the kind of a frame that lies in no file by such a library. */
const kindByPseudoLibrary: Readonly<Record<string, FrameKind>> = {
  '[kernel]': 'kernel',
  '[python]': 'python',
  '[v8]': 'javascript',
  '[hotspot]': 'jvm',
  '[ruby]': 'ruby',
  '[php]': 'php',
  '[perl]': 'perl',
  '[dotnet]': 'dotnet',
  '[go]': 'go',
  '[error]': 'error',
};

const kernelLibrary = /^\[?(?:kernel|guest\.kernel|vmlinux)\b|\/vmlinu[xz][^/]*$|\.ko(?:\.\w+)?$|\/lib\/modules\//;

/** "name (file.py:12)": how py-spy and Austin write a frame into folded stacks. */
const nameWithFile = /^(.*) \(([^()]+?)(?::\d+)?\)$/;

/** Splits a frame that carries its file in its name; others are answered as they are. */
function unfold(place: NamedPlace): NamedPlace {
  const match = place.file === '' ? nameWithFile.exec(place.name) : null;
  if (match?.[1] === undefined || match[2] === undefined || !match[2].includes('.')) return place;
  return { ...place, name: match[1], file: match[2] };
}

/** Where a function comes from, told by its library, its file's ending and, in folded stacks, its name's. */
export function kindOfFunction(given: NamedPlace): FrameKind {
  const place = unfold(given);
  const told = kindByPseudoLibrary[place.library];
  if (told !== undefined) return told;
  if (kernelLibrary.test(place.library) || kernelLibrary.test(place.file) || place.name.endsWith('_[k]')) {
    return 'kernel';
  }
  if (place.file.startsWith('<frozen ') || place.file === '<string>') return 'python';
  if (place.file.startsWith('node:')) return 'javascript';
  const extension = /\.([A-Za-z]{1,6})$/.exec(place.file)?.[1]?.toLowerCase();
  const byExtension = extension === undefined ? undefined : kindByExtension[extension];
  if (byExtension !== undefined) return byExtension;
  if (goPackage(place.name) !== '') return 'go';
  return place.library === '' ? 'unknown' : 'native';
}

/**
 * What a frame's colour goes by: the package, module or library that people would name as its owner; "" when nothing
 * tells. One rule a language, below.
 */
export function packageOfFunction(given: NamedPlace, kind: FrameKind): string {
  const place = unfold(given);
  switch (kind) {
    case 'kernel':
      return 'kernel';
    case 'python':
      return pythonPackage(place);
    case 'javascript':
      return javascriptPackage(place.file);
    case 'go':
      return goPackage(place.name);
    case 'jvm':
      return jvmPackage(place.name);
    case 'native':
      return place.library === '' ? nativeNamespace(place) : libraryName(place.library);
    case 'ruby':
      return componentBehind(place.file, /\/gems\/([^/]+?)-\d[^/]*\//) || directoryName(place.file);
    case 'dotnet':
      return place.name.split('.').slice(0, -2).join('.') || directoryName(place.file);
    case 'php':
      return componentBehind(place.file, /\/vendor\/([^/]+\/[^/]+)\//) || directoryName(place.file);
    case 'perl':
      return place.name.split('::').slice(0, -1).join('::') || directoryName(place.file);
    case 'error':
      return '';
    case 'unknown':
      return place.library === '' ? '' : libraryName(place.library);
  }
}

function componentBehind(path: string, pattern: RegExp): string {
  return pattern.exec(path)?.[1] ?? '';
}

/** The folder that a file lies in; the file's stem when it lies in none. */
function directoryName(path: string): string {
  const parts = path.split(/[/\\]/).filter((part) => part !== '' && part !== '.');
  return parts.at(-2) ?? (parts.at(-1) ?? '').replace(/\.[^.]*$/, '');
}

/**
 * The distribution below site-packages, the standard library's module, or else the folder of the application's file:
 * /usr/lib/python3/dist-packages/django/db/models.py is "django", /usr/lib/python3.11/json/encoder.py is "json",
 * <frozen importlib._bootstrap> is "importlib", /srv/shop/orders/views.py is "orders".
 */
function pythonPackage({ file }: NamedPlace): string {
  const frozen = componentBehind(file, /^<frozen ([^.>]+)/);
  if (frozen !== '') return frozen;
  if (file.startsWith('<')) return '';
  const installed = componentBehind(file, /[/\\](?:site|dist)-packages[/\\]([^/\\]+)/);
  if (installed !== '') return installed.replace(/\.py[cx]?$/, '');
  const standard = componentBehind(
    file,
    /[/\\](?:python|pypy)\d?(?:\.\d+)?(?:\.zip)?[/\\](?:lib-dynload[/\\])?([^/\\]+)/,
  );
  if (standard !== '') return standard.replace(/\.pyc?$/, '');
  return file === '' ? '' : directoryName(file);
}

/** The innermost package below node_modules, "node" for the runtime's own modules, or else the file's folder. */
function javascriptPackage(file: string): string {
  if (file.startsWith('node:')) return 'node';
  const at = file.lastIndexOf('node_modules/');
  if (at >= 0) {
    const parts = file.slice(at + 'node_modules/'.length).split('/');
    return (parts[0]?.startsWith('@') === true ? parts.slice(0, 2) : parts.slice(0, 1)).join('/');
  }
  return directoryName(file);
}

/**
 * The import path: what stands before the first dot behind the last slash. "net/http.(*conn).serve" is "net/http",
 * "runtime.mallocgc" is "runtime". Brackets of type arguments may hold slashes and are left out first.
 * "" for what does not look like a Go symbol.
 */
function goPackage(name: string): string {
  const plain = name.replace(/\[.*\]/, '');
  if (/[\s:<>;]/.test(plain)) return '';
  const slash = plain.lastIndexOf('/');
  const dot = plain.indexOf('.', slash + 1);
  if (dot <= slash + 1) return '';
  const rest = plain.slice(dot + 1);
  const looksGo =
    slash > 0 || /^\(\*?\w+\)\.\w/.test(rest) || /^(?:runtime|syscall|reflect|sync|main)$/.test(plain.slice(0, dot));
  return looksGo && /^[\w(]/.test(rest) ? plain.slice(0, dot) : '';
}

/** "java.util.HashMap.get" and "java/util/HashMap.get" are "java.util". */
function jvmPackage(name: string): string {
  const parts = name.replace(/\(.*$/, '').split(/[./]/);
  return parts
    .slice(0, -1)
    .filter((part) => /^[a-z]/.test(part))
    .join('.');
}

/** "libc" of "/lib/x86_64-linux-gnu/libc.so.6", "python3.11" of "/usr/bin/python3.11". */
function libraryName(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name.replace(/(?:-\d[\d.]*)?\.so(?:\.[\w.]+)?$/, '').replace(/\.cpython-\w+(?:-[\w-]+)?$/, '');
}

/** Without a library: the outermost namespace of a C++ or Rust name, or else the file's folder. */
function nativeNamespace({ name, file }: NamedPlace): string {
  const namespace = componentBehind(name, /^<?([A-Za-z_]\w*)::/);
  return namespace !== '' ? namespace : directoryName(file);
}
