import { RE2JS, RE2JSException } from 're2js';
import { containsLiteral, literalOf } from './literal-pattern.js';
import { repeatsTooMuch } from './pattern-size.js';

/** Why a pattern is none that can be looked for. */
export interface PatternProblem {
  readonly ok: false;
  readonly problem: 'syntax' | 'repeats-too-much';
  readonly pattern: string;
  /** As RE2 says it. */
  readonly reason: string;
}

/**
 * A test of names for a regular expression in RE2's syntax (https://github.com/google/re2/wiki/Syntax), looked for anywhere; or why it is
 * none. It takes time linear in the name, whatever was typed: RE2's automata do not go back.
 */
export function patternTest(pattern: string): ((name: string) => boolean) | PatternProblem {
  if (repeatsTooMuch(pattern)) return { ok: false, problem: 'repeats-too-much', pattern, reason: '' };
  try {
    const compiled = RE2JS.compile(pattern);
    const whole = (name: string): boolean => compiled.test(name);
    const literal = literalOf(pattern);
    return literal === undefined ? whole : containsLiteral(literal, whole);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return { ok: false, problem: 'syntax', pattern, reason: error.message };
  }
}
