/** Quotes a label's value for a selector of Prometheus' form. */
export function quoteLabelValue(value: string): string {
  const escaped = value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return `"${escaped}"`;
}

/** A selector that also wants a label to have a value: `{a="1"}` with b and 2 is `{a="1",b="2"}`. */
export function withLabel(selector: string, name: string, value: string): string {
  const inner = selector.slice(1, -1).trim();
  return `{${inner === '' ? '' : `${inner},`}${name}=${quoteLabelValue(value)}}`;
}
