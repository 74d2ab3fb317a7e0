/** What is asked of a source is no longer, in UTF-16 units. */
export const longestSelector = 4096;

/**
 * Quotes a label's value for a selector of Prometheus' form. What stands for bytes that were no text is what Prometheus' parser, and so
 * Pyroscope's and the agent's, stumbles over, unless it is escaped: a process' name that was cut within a character ends in it.
 */
export function quoteLabelValue(value: string): string {
  const escaped = value
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\ufffd', '\\ufffd');
  return `"${escaped}"`;
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', "'": "'", '\\': '\\' };

/**
 * What quoteLabelValue wrote, or somebody by hand, without its quotes. A backslash that begins no escape stays: who writes "\d+" means
 * the pattern's own, which would have to be "\\d+" by the letter.
 */
export function unquotedLabelValue(inner: string): string {
  return inner.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (whole, code: string | undefined, character = '') =>
    code === undefined ? (escapes[character as string] ?? whole) : String.fromCharCode(parseInt(code, 16)),
  );
}

/** A selector that also wants a label to have a value: `{a="1"}` with b and 2 is `{a="1",b="2"}`. */
export function withLabel(selector: string, name: string, value: string): string {
  return withMatcher(selector, { label: name, operator: '=', value });
}

/** A selector that also wants a label not to have a value: `{a="1"}` with b and 2 is `{a="1",b!="2"}`. */
export function withoutLabel(selector: string, name: string, value: string): string {
  return withMatcher(selector, { label: name, operator: '!=', value });
}

function withMatcher(selector: string, added: Matcher): string {
  const matchers = parseMatchers(selector);
  if (matchers !== undefined) return selectorOfMatchers([...matchers, added]);
  // Written in a way that only its source understands.
  const inner = selector.slice(1, -1).trim();
  const { label, operator, value } = added;
  return `{${inner === '' ? '' : `${inner},`}${label}${operator}${quoteLabelValue(value)}}`;
}

/** How a label is compared: is, is not, matches the pattern, does not. */
export const matchOperators = ['=', '!=', '=~', '!~'] as const;
export type MatchOperator = (typeof matchOperators)[number];

/** One condition of a selector. A label that is not there is "". */
export interface Matcher {
  readonly label: string;
  readonly operator: MatchOperator;
  readonly value: string;
}

const matcher = /\s*([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*(,|$)/sy;

/** Whether a label can be written into a selector. What others push may be called anything. */
export function isLabelName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
}

/** Reads a selector, {a="b",c=~"d.*"}, whose braces may be left out. Undefined where it is none. */
export function parseMatchers(text: string): readonly Matcher[] | undefined {
  // What is pasted by mistake may be longer than a regular expression's stack.
  if (text.length > 2 * longestSelector) return undefined;
  const trimmed = text.trim();
  const inner = (/^\{(.*)\}$/s.exec(trimmed)?.[1] ?? trimmed).trim();
  const matchers: Matcher[] = [];
  for (matcher.lastIndex = 0; matcher.lastIndex < inner.length;) {
    const found = matcher.exec(inner);
    if (found === null) return undefined;
    const [, label = '', operator, quoted = ''] = found;
    const known = matchOperators.find((each) => each === operator);
    if (known === undefined) return undefined;
    matchers.push({ label, operator: known, value: unquotedLabelValue(quoted) });
  }
  return matchers;
}

/** The selector of some conditions, as it is asked for. */
export function selectorOfMatchers(matchers: readonly Matcher[]): string {
  const conditions = matchers.map(({ label, operator, value }) => `${label}${operator}${quoteLabelValue(value)}`);
  return `{${conditions.join(',')}}`;
}
