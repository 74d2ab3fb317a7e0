/**
 * What a shared HTML page carries, as JSON: a flame graph or diff in level order (parents before children), whole.
 * `version` is raised when a field changes its meaning; a page brings its own reader, so none is ever upgraded.
 */
export interface SharePage {
  readonly version: 1;
  readonly title: string;
  /** What `value` and `self` count, for example "nanoseconds". */
  readonly unit: string;
  /** Names of functions and the files or libraries that they are in. */
  readonly names: readonly string[];
  readonly files: readonly string[];
  /** CSS colour of each function. */
  readonly colours: readonly string[];
  /** Columns by node; node 0 is the root and its own parent. */
  readonly parent: readonly number[];
  readonly functionIndex: readonly number[];
  /** Width: total of the node, or the mean of both sides in a diff. */
  readonly value: readonly number[];
  readonly self: readonly number[];
  /** In a diff: totals of the sides, comparable with each other. */
  readonly diff?: {
    readonly baseline: readonly number[];
    readonly comparison: readonly number[];
    /** CSS colour of each node. */
    readonly colours: readonly string[];
  };
}

/** The page's parts that are built with the app. */
export interface SharePageAssets {
  readonly script: string;
  readonly style: string;
  /** Base64 of the SHA-256 of `script` in UTF-8: the page's policy lets no other script run. */
  readonly scriptSha256: string;
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as HTML that shows it. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => escapes[character] ?? character);
}

/** JSON that can stand in a script element: no "<" can end it, no separator breaks old readers. */
export function jsonForScript(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** One self-contained page that opens offline; nothing in it can load or send anything. */
export function renderSharePage(page: SharePage, assets: SharePageAssets): string {
  const policy = `default-src 'none'; script-src 'sha256-${assets.scriptSha256}'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(page.title)}</title>
<style>${assets.style}</style>
</head>
<body>
<main id="page"></main>
<script type="application/json" id="profile">${jsonForScript(page)}</script>
<script>${assets.script}</script>
</body>
</html>
`;
}
