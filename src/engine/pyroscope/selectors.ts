/** Quotes a label's value for a selector of Prometheus' form. */
export function quoteLabelValue(value: string): string {
  const escaped = value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return `"${escaped}"`;
}

/** Everything that a source has. */
export const everything = '{}';

/** One service. */
export function serviceSelector(serviceName: string): string {
  return `{service_name=${quoteLabelValue(serviceName)}}`;
}
