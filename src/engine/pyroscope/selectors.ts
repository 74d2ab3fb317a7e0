import { parseMatchers, quoteLabelValue, selectorOfMatchers } from '../../core/words/selectors.js';

/** Everything that a source has. */
export const everything = '{}';

/** An agent's series that were pushed into it by others have this label; those that it sampled have not. */
export const originLabel = 'pyrometer_origin';

/** What an agent sampled itself of a selection that does not name an origin: nobody can add to it by pushing. */
export function sampledOnly(selector: string): string {
  const matchers = parseMatchers(selector);
  if (matchers !== undefined) {
    // The label itself: its name in a value, which others choose, names no origin.
    if (matchers.some(({ label }) => label === originLabel)) return selector;
    return selectorOfMatchers([...matchers, { label: originLabel, operator: '=', value: '' }]);
  }
  // Written in a way that only the agent understands, or not at all.
  return `{${selector.slice(1, -1)},${originLabel}=""}`;
}

/** What was pushed into an agent under a service's name. */
export function pushedSelector(serviceName: string): string {
  return `{service_name=${quoteLabelValue(serviceName)},${originLabel}="push"}`;
}

/** One service. */
export function serviceSelector(serviceName: string): string {
  return `{service_name=${quoteLabelValue(serviceName)}}`;
}
