import { RE2JS } from 're2js';
import { fail, ok, type Result } from '../../contract/result.js';
import { repeatsTooMuch } from '../../core/operations/pattern-size.js';
import { parseMatchers } from '../../core/words/selectors.js';

export type Labels = Readonly<Record<string, string>>;

/** What a condition asks of a label. A label that is not there is "". */
interface Condition {
  readonly label: string;
  readonly matches: (value: string) => boolean;
}

/** Reads a selector of Prometheus' form, {a="b",c=~"d.*"}; answers what tells whether labels fit it. */
export function parseSelector(text: string): Result<(labels: Labels) => boolean> {
  const matchers = /^\s*\{/.test(text) ? parseMatchers(text) : undefined;
  if (matchers === undefined) return badSelector(text);
  const conditions: Condition[] = [];
  for (const { label, operator, value } of matchers) {
    if (operator === '=' || operator === '!=') {
      conditions.push({ label, matches: (is) => (is === value) === (operator === '=') });
      continue;
    }
    if (repeatsTooMuch(value)) return badSelector(text, "The selector's pattern repeats too much");
    try {
      // RE2, so that no pattern takes forever; a whole match, as Prometheus has it.
      const pattern = RE2JS.compile(`^(?:${value})$`, RE2JS.DOTALL);
      conditions.push({ label, matches: (is) => pattern.matcher(is).find() === (operator === '=~') });
    } catch {
      return badSelector(text);
    }
  }
  return ok((labels) =>
    conditions.every(({ label, matches }) => matches(Object.hasOwn(labels, label) ? (labels[label] ?? '') : '')),
  );
}

function badSelector(text: string, why = 'The selector is not understood'): Result<never> {
  return fail('invalid-input', `${why}: write it as {service_name="web"}.`, text.slice(0, 500));
}
