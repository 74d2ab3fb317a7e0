import { longestSelector, matchOperators, quoteLabelValue, unquotedLabelValue } from './selectors.js';

/** What can be written at a place of a selector. */
export interface Completion {
  readonly kind: 'label' | 'operator' | 'value';
  /** Hostile text. */
  readonly text: string;
  /** What is written in place of [from, to). */
  readonly insert: string;
  /** Where writing goes on, in `insert`. */
  readonly caret: number;
}

/** Completions at a caret, the likeliest first. */
export interface Completions {
  readonly from: number;
  readonly to: number;
  /** What was written of it already; "" where nothing was, so that nothing is chosen by itself. */
  readonly written: string;
  readonly options: readonly Completion[];
}

/** A label and the values that it has. */
export interface KnownLabel {
  readonly name: string;
  readonly values: readonly string[];
}

const mostOptions = 50;
const none: Completions = { from: 0, to: 0, written: '', options: [] };

/** What stands at a caret: a name with what was typed of it, an operator behind a name, or a value in its quotes. */
type Place =
  | { readonly kind: 'name'; readonly from: number; readonly to: number; readonly text: string }
  | { readonly kind: 'operator'; readonly from: number; readonly to: number; readonly text: string }
  | {
      readonly kind: 'value';
      readonly from: number;
      readonly to: number;
      /** Up to the caret, unquoted. */
      readonly text: string;
      readonly label: string;
      readonly isPattern: boolean;
    };

/**
 * What can be written into a selector at a caret: names of labels, also found by a value that they have; operators; values of the label.
 *
 * Example: in `{service_name="rev|` with the caret at the bar the values of service_name that contain "rev".
 */
export function completeSelector(text: string, caret: number, labels: readonly KnownLabel[]): Completions {
  const place = text.length > 2 * longestSelector ? undefined : placeAt(text, caret);
  if (place === undefined) return none;
  const { from, to, text: written } = place;
  const options = (): readonly Completion[] => {
    switch (place.kind) {
      case 'name':
        return nameOptions(written, labels);
      case 'operator':
        return matchOperators
          .filter((operator) => operator.startsWith(written))
          .map((operator) => ({
            kind: 'operator',
            text: operator,
            insert: `${operator}""`,
            caret: operator.length + 1,
          }));
      case 'value':
        return valueOptions(written, labels.find(({ name }) => name === place.label)?.values ?? [], place.isPattern);
    }
  };
  return { from, to, written, options: options().slice(0, mostOptions) };
}

function nameOptions(written: string, labels: readonly KnownLabel[]): readonly Completion[] {
  const wanted = written.toLowerCase();
  const fits = (text: string): boolean => text.toLowerCase().includes(wanted);
  const names = labels
    .filter(({ name }) => fits(name))
    .toSorted((a, b) => Number(b.name.startsWith(written)) - Number(a.name.startsWith(written)))
    .map(({ name }): Completion => ({ kind: 'label', text: name, insert: `${name}=""`, caret: name.length + 2 }));
  // Who types "web" means a service: those of the label that names them come first.
  const values =
    wanted === ''
      ? []
      : labels
          .toSorted((a, b) => Number(b.name === 'service_name') - Number(a.name === 'service_name'))
          .flatMap(({ name, values: of }) =>
            of.filter(fits).map((value): Completion => {
              const insert = `${name}=${quoteLabelValue(value)}`;
              return { kind: 'value', text: insert, insert, caret: insert.length };
            }),
          );
  return [...names, ...values];
}

function valueOptions(written: string, values: readonly string[], isPattern: boolean): readonly Completion[] {
  // Of a pattern such as a|b the last alternative is being written.
  const kept = isPattern ? written.slice(0, written.lastIndexOf('|') + 1) : '';
  const wanted = written.slice(kept.length).toLowerCase();
  const fitting = values.filter((value) => value.toLowerCase().includes(wanted));
  return fitting
    .toSorted((a, b) => Number(startsWith(b, wanted)) - Number(startsWith(a, wanted)))
    .map((value) => {
      const insert = quoteLabelValue(isPattern ? kept + escapedPattern(value) : value);
      return { kind: 'value', text: value, insert, caret: insert.length };
    });
}

function startsWith(value: string, wanted: string): boolean {
  return value.toLowerCase().startsWith(wanted);
}

function escapedPattern(value: string): string {
  return value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Goes through conditions up to the one that the caret is in. */
function placeAt(text: string, caret: number): Place | undefined {
  let at = /^\s*\{?/.exec(text)?.[0].length ?? 0;
  if (caret < at) return undefined;
  for (;;) {
    at = behind(text, at, /[\s,]*/y);
    const name = { from: at, to: behind(text, at, /[A-Za-z0-9_.:/-]*/y) };
    if (caret <= name.to) {
      const from = Math.min(name.from, caret);
      return { kind: 'name', from, to: name.to, text: text.slice(from, caret) };
    }
    if (name.to === name.from) return undefined;
    at = behind(text, name.to, /\s*/y);
    const operator = { from: at, to: behind(text, at, /[=!~]*/y) };
    const written = text.slice(operator.from, operator.to);
    const isWhole = matchOperators.some((each) => each === written);
    if (!isWhole) {
      return caret > operator.to
        ? undefined
        : { kind: 'operator', ...operator, text: text.slice(operator.from, caret) };
    }
    at = behind(text, operator.to, /\s*/y);
    const end = behind(text, at, /(?:"(?:[^"\\]|\\.)*"?)?/sy);
    if (caret <= end && caret >= operator.to) {
      const quoted = end > at && caret > at;
      return {
        kind: 'value',
        from: Math.min(at, caret),
        to: end,
        text: quoted && !isBehindString(text, at, caret) ? unquotedLabelValue(text.slice(at + 1, caret)) : '',
        label: text.slice(name.from, name.to),
        isPattern: written.endsWith('~'),
        ...(isBehindString(text, at, caret) ? doneValue : {}),
      };
    }
    if (caret < operator.to) return undefined;
    at = end;
  }
}

/** Behind the closing quote nothing of the value is to be written any more: no label has this name. */
const doneValue = { label: '' } as const;

function isBehindString(text: string, from: number, caret: number): boolean {
  return caret - from >= 2 && /^"(?:[^"\\]|\\.)*"$/s.test(text.slice(from, caret));
}

function behind(text: string, at: number, pattern: RegExp): number {
  pattern.lastIndex = at;
  return at + (pattern.exec(text)?.[0].length ?? 0);
}
