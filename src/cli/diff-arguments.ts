import { parseArgs } from 'node:util';
import * as v from 'valibot';
import type { Rename } from '../contract/matching.js';
import { fail, ok, type Result } from '../contract/result.js';
import { cpuProfileType } from '../contract/selection.js';
import { PyroscopeConfig } from '../contract/target.js';
import { parseFailRules } from '../core/compare/fail-on.js';
import type { Command, DiffSide, ReportFormat, SelectionsAsked } from './arguments.js';
import { parseSelection } from './selection-text.js';
import { loginKindOf, workAsked } from './work-arguments.js';

const reportFormats: readonly ReportFormat[] = ['text', 'markdown', 'json'];
const scales = ['auto', 'absolute', 'relative', 'work'] as const;

const one = { type: 'string' } as const;
/** How selections are asked for. */
const askingOptions = {
  type: one,
  identity: { ...one, short: 'i' },
  tenant: one,
  login: one,
  yes: { type: 'boolean' },
} as const;

function askingOf(values: {
  readonly type?: string | undefined;
  readonly identity?: string | undefined;
  readonly tenant?: string | undefined;
  readonly login?: string | undefined;
  readonly yes?: boolean | undefined;
}): Result<SelectionsAsked> {
  const { type: profileType = cpuProfileType, identity, tenant, yes = false } = values;
  if (tenant !== undefined && !v.is(PyroscopeConfig.entries.tenant, tenant)) {
    return fail('invalid-input', '--tenant is the name of a tenant, without spaces.');
  }
  const login = loginKindOf('--login', values.login);
  return login.ok ? ok({ profileType, identity, tenant, login: login.value, yes }) : login;
}

function sideOf(text: string): Result<DiffSide> {
  const prefix = 'snapshot:';
  if (text.startsWith(prefix)) return ok({ kind: 'snapshot', title: text.slice(prefix.length) });
  const selection = parseSelection(text);
  if (selection === undefined) return ok({ kind: 'path', path: text });
  return selection.ok ? ok({ kind: 'selection', selection: selection.value }) : selection;
}

/** "old=new", each "function" or "file:function"; undefined when it is neither. `operator=` and its like cannot be told so. */
function parseRename(text: string): Rename | undefined {
  const [from, to, ...others] = text.split('=').map((side) => {
    // A file is told by its ending or its path; "::" belongs to a name.
    const [, file = '', name = side] = /^([^:]*[./][^:]*):([^:].*)$/.exec(side) ?? [];
    return { name, file };
  });
  if (from === undefined || to === undefined || others.length > 0 || from.name === '' || to.name === '') {
    return undefined;
  }
  return { from, to };
}

/** Reads the arguments of `diff`. */
export function parseDiff(rest: readonly string[]): Result<Command> {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...rest],
      allowPositionals: true,
      options: {
        format: one,
        scale: one,
        work: one,
        'work-metric': one,
        prometheus: one,
        'prometheus-login': one,
        'fail-on': one,
        ...askingOptions,
        rename: { ...one, multiple: true },
        'forget-rename': { ...one, multiple: true },
        'ignore-type-arguments': { type: 'boolean' },
        out: { ...one, short: 'o' },
      },
    });
  } catch (error) {
    return fail('invalid-input', `${error instanceof Error ? error.message : String(error)} See "npm start -- help".`);
  }
  const [before, after, ...others] = parsed.positionals;
  if (before === undefined || after === undefined || others.length > 0) {
    return fail('invalid-input', 'Name two sides: diff BEFORE AFTER.');
  }
  const work = workAsked(parsed.values);
  if (!work.ok) return work;
  const asking = askingOf(parsed.values);
  if (!asking.ok) return asking;
  const { format = 'text' } = parsed.values;
  const { scale = work.value === undefined ? 'auto' : 'work' } = parsed.values;
  const { 'fail-on': rules, out } = parsed.values;
  const report = reportFormats.find((each) => each === format);
  if (report === undefined) return fail('invalid-input', `--format is text, markdown or json, not "${format}".`);
  const chosen = scales.find((each) => each === scale);
  if (chosen === undefined)
    return fail('invalid-input', `--scale is auto, absolute, relative or work, not "${scale}".`);
  if (chosen === 'work' && work.value === undefined) {
    return fail(
      'invalid-input',
      'Say how much work each side did: --work 1200,1350, or --prometheus and --work-metric.',
    );
  }
  if (chosen !== 'work' && work.value !== undefined) {
    return fail('invalid-input', `Work is counted for --scale work, not for "${chosen}".`);
  }
  const failOn = rules === undefined ? [] : parseFailRules(rules);
  if (failOn === undefined) {
    return fail(
      'invalid-input',
      `"${rules ?? ''}" is no rule: say "certain slower > 2%", or slower, faster, new, gone or changed.`,
    );
  }
  if (out !== undefined && !out.toLowerCase().endsWith('.html')) {
    return fail('invalid-input', `"${out}" must end in .html: a diff is drawn as a page.`);
  }
  const sides = [sideOf(before), sideOf(after)] as const;
  if (!sides[0].ok) return sides[0];
  if (!sides[1].ok) return sides[1];
  const { rename = [], 'forget-rename': forgotten = [], 'ignore-type-arguments': ignored = false } = parsed.values;
  const renames = [];
  for (const [texts, forget] of [[rename, false] as const, [forgotten, true] as const]) {
    for (const text of texts) {
      const told = parseRename(text);
      if (told === undefined) return fail('invalid-input', `"${text}" is no rename: say OLD=NEW.`);
      renames.push({ forget, rename: told });
    }
  }
  const asked = {
    report,
    scale: chosen,
    work: work.value,
    asking: asking.value,
    failOn,
    out,
    ignoreTypeArguments: ignored,
    renames,
  };
  return ok({ name: 'diff', before: sides[0].value, after: sides[1].value, ...asked });
}

/** Reads the arguments of `changes`. */
export function parseChanges(rest: readonly string[]): Result<Command> {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...rest],
      allowPositionals: true,
      options: { ...askingOptions, json: { type: 'boolean' } },
    });
  } catch (error) {
    return fail('invalid-input', `${error instanceof Error ? error.message : String(error)} See "npm start -- help".`);
  }
  const [text = '', ...others] = parsed.positionals;
  const selection = parseSelection(text);
  if (selection === undefined || others.length > 0) {
    return fail('invalid-input', `Say what to look at: changes 'local{service_name="web"}@-2h..now'.`);
  }
  const asking = askingOf(parsed.values);
  if (!asking.ok) return asking;
  const { json = false } = parsed.values;
  return selection.ok ? ok({ name: 'changes', selection: selection.value, asking: asking.value, json }) : selection;
}
