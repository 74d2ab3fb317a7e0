import { longestSelector, parseMatchers, selectorOfMatchers } from '../../../core/words/selectors.js';

/** What was written, as it is asked for, or what is wrong with it. */
type WrittenSelector =
  { readonly selector: string; readonly wrong: '' } | { readonly selector: undefined; readonly wrong: string };

const notUnderstood = 'Write it as {service_name="web"}; =~ and !~ match a pattern.';
const tooLong = `It is longer than ${longestSelector.toLocaleString('en')} characters: write a pattern for names that are alike.`;

export function writtenSelector(text: string): WrittenSelector {
  if (text.length > longestSelector) return { selector: undefined, wrong: tooLong };
  const matchers = parseMatchers(text);
  if (matchers === undefined) return { selector: undefined, wrong: notUnderstood };
  const selector = selectorOfMatchers(matchers);
  return selector.length > longestSelector ? { selector: undefined, wrong: tooLong } : { selector, wrong: '' };
}
