import * as v from 'valibot';

/** The last line that is JSON of the wanted shape; what a login script or sudo printed stands before it. */
export function lastJson<Schema extends v.GenericSchema>(
  text: string,
  schema: Schema,
): v.InferOutput<Schema> | undefined {
  for (const line of text.split('\n').reverse()) {
    if (!line.startsWith('{')) continue;
    try {
      const parsed = v.safeParse(schema, JSON.parse(line));
      if (parsed.success) return parsed.output;
    } catch {
      continue; // a line that only looks like JSON
    }
  }
  // Printed over several lines.
  const begin = text.indexOf('{');
  if (begin < 0) return undefined;
  try {
    const parsed = v.safeParse(schema, JSON.parse(text.slice(begin, text.lastIndexOf('}') + 1)));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined; // no answer that can be understood; the caller says so
  }
}
