import { RE2JS } from 're2js';
import { fail, ok, type Result } from '../../contract/result.js';

export type Labels = Readonly<Record<string, string>>;

/** One condition of a selector. A label that is not there is "". */
interface Matcher {
  readonly label: string;
  readonly matches: (value: string) => boolean;
}

const matcher = /\s*([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*(,|$)/y;

/** Reads a selector of Prometheus' form, {a="b",c=~"d.*"}; answers what tells whether labels fit it. */
export function parseSelector(text: string): Result<(labels: Labels) => boolean> {
  const inner = /^\{(.*)\}$/s.exec(text.trim())?.[1]?.trim();
  if (inner === undefined) return badSelector(text);
  const matchers: Matcher[] = [];
  for (matcher.lastIndex = 0; matcher.lastIndex < inner.length;) {
    const found = matcher.exec(inner);
    if (found === null) return badSelector(text);
    const [, label = '', operator, quoted = ''] = found;
    const value = quoted.replace(/\\(.)/g, (_whole, character: string) => (character === 'n' ? '\n' : character));
    if (operator === '=' || operator === '!=') {
      matchers.push({ label, matches: (is) => (is === value) === (operator === '=') });
      continue;
    }
    try {
      // RE2, so that no pattern takes forever; a whole match, as Prometheus has it.
      const pattern = RE2JS.compile(`^(?:${value})$`, RE2JS.DOTALL);
      matchers.push({ label, matches: (is) => pattern.matcher(is).find() === (operator === '=~') });
    } catch {
      return badSelector(text);
    }
  }
  return ok((labels) => matchers.every(({ label, matches }) => matches(labels[label] ?? '')));
}

function badSelector(text: string): Result<never> {
  return fail('invalid-input', 'The selector is not understood: write it as {service_name="web"}.', text.slice(0, 500));
}
