import { changeKind, type ChangeKind } from './sentences.js';

/** When a comparison fails a pipeline: a function that changed so, by more than a share of what the whole baseline cost. */
export interface FailRule {
  /** Only changes that are certain. */
  readonly certain: boolean;
  readonly kind: Exclude<ChangeKind, 'same'> | 'changed';
  /** 0.02 for 2 %. */
  readonly moreThan: number;
}

/** A function's change; both in one unit, comparable. */
export interface RuledChange {
  readonly before: number;
  readonly after: number;
  readonly certain: boolean;
}

const written =
  /^(?<certain>certain\s+)?(?<kind>slower|faster|new|gone|changed)(?:\s*>\s*(?<percent>\d+(?:\.\d+)?)\s*%)?$/;

/**
 * Reads rules as people write them, with commas between: "certain slower > 2%, new > 5%". Without a number any change counts.
 * undefined: it is not understood.
 */
export function parseFailRules(text: string): readonly FailRule[] | undefined {
  const rules: FailRule[] = [];
  for (const part of text.split(',')) {
    const { certain, kind, percent } = written.exec(part.trim())?.groups ?? {};
    if (kind === undefined) return undefined;
    rules.push({
      certain: certain !== undefined,
      kind: kind as FailRule['kind'],
      moreThan: Number(percent ?? 0) / 100,
    });
  }
  return rules;
}

/** A rule as it is written. */
export function failRuleText({ certain, kind, moreThan }: FailRule): string {
  const least = moreThan > 0 ? ` > ${String(Number((moreThan * 100).toPrecision(6)))}%` : '';
  return `${certain ? 'certain ' : ''}${kind}${least}`;
}

/** Whether a change is what a rule speaks of. What is new is slower too, and what is gone is faster. `whole`: the baseline's total. */
export function breaks(rule: FailRule, change: RuledChange, whole: number): boolean {
  const kind = changeKind(change);
  if (kind === 'same' || (rule.certain && !change.certain)) return false;
  const asked =
    rule.kind === 'changed' ||
    rule.kind === kind ||
    (rule.kind === 'slower' && kind === 'new') ||
    (rule.kind === 'faster' && kind === 'gone');
  return asked && Math.abs(change.after - change.before) > rule.moreThan * whole;
}
