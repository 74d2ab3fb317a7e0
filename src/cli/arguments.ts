import { parseArgs } from 'node:util';
import * as v from 'valibot';
import { fail, ok, type Result } from '../contract/result.js';
import { longestTimedSeconds, verifySeconds } from '../contract/verify.js';
import type { FailRule } from '../core/compare/fail-on.js';
import type { Rename } from '../contract/matching.js';
import type { LoginKind } from '../engine/link/server-login.js';
import { parseChanges, parseDiff } from './diff-arguments.js';
import type { SelectionText } from './selection-text.js';
import { NewTunnel, parseTunnelAddress, tunnelAddressText } from '../contract/tunnels.js';
import type { WorkAsked } from './work-arguments.js';

/** Where a recording is made. */
export type RecordTarget =
  | { readonly kind: 'local' }
  | { readonly kind: 'ssh'; readonly user: string; readonly host: string; readonly port: number };

/** What a file is written as, told by its name. */
export type OutputFormat = 'html' | 'pprof' | 'folded';

/** What is compared: a profile, a folder of profiles, a snapshot by its title, or what a running agent or a Pyroscope has. */
export type DiffSide =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'snapshot'; readonly title: string }
  | { readonly kind: 'selection'; readonly selection: SelectionText };

/** What a comparison is told as. */
export type ReportFormat = 'text' | 'markdown' | 'json';

/** How selections are asked for. */
export interface SelectionsAsked {
  readonly profileType: string;
  /** A private key's path, or undefined for the ssh agent. */
  readonly identity: string | undefined;
  /** Of a Pyroscope: X-Scope-OrgID, and what it wants to know of who reads. */
  readonly tenant: string | undefined;
  readonly login: LoginKind | undefined;
  /** Whatever it costs. */
  readonly yes: boolean;
}

/** A command line that was understood. */
export type Command =
  | { readonly name: 'help' }
  | { readonly name: 'version' }
  | {
      readonly name: 'record';
      readonly target: RecordTarget;
      readonly seconds: number;
      readonly out: string;
      readonly format: OutputFormat;
      /** service_name, or undefined for everything on the machine. */
      readonly service: string | undefined;
      /** A private key's path, or undefined for the ssh agent. */
      readonly identity: string | undefined;
      /** With the time of each sample. */
      readonly times: boolean;
    }
  | {
      readonly name: 'verify';
      readonly target: RecordTarget;
      readonly identity: string | undefined;
      readonly service: string;
      readonly seconds: number;
      /** One line of JSON instead of text. */
      readonly json: boolean;
    }
  | {
      readonly name: 'agent';
      readonly action: 'list' | 'remove';
      readonly target: RecordTarget;
      readonly identity: string | undefined;
      /** Also when others record with the agent. */
      readonly force: boolean;
      /** Without the question. */
      readonly yes: boolean;
    }
  | {
      readonly name: 'tunnel';
      readonly target: Extract<RecordTarget, { kind: 'ssh' }>;
      /** None: tell what could be reached. */
      readonly tunnels: readonly NewTunnel[];
      readonly identity: string | undefined;
    }
  | {
      readonly name: 'check';
      readonly target: RecordTarget;
      readonly identity: string | undefined;
      /** One line of JSON instead of text. */
      readonly json: boolean;
    }
  | {
      readonly name: 'diff';
      readonly before: DiffSide;
      readonly after: DiffSide;
      readonly report: ReportFormat;
      readonly scale: 'auto' | 'absolute' | 'relative' | 'work';
      /** Of the scale 'work', and of no other. */
      readonly work: WorkAsked | undefined;
      readonly asking: SelectionsAsked;
      /** Each of them, when it is met, is exit code 3. */
      readonly failOn: readonly FailRule[];
      /** Where the diff is drawn. */
      readonly out: string | undefined;
      /** Instances of a template or generic function are one function. */
      readonly ignoreTypeArguments: boolean;
      /** Told with this command; those that were told before hold too. */
      readonly renames: readonly { readonly forget: boolean; readonly rename: Rename }[];
    }
  | {
      readonly name: 'changes';
      readonly selection: SelectionText;
      readonly asking: SelectionsAsked;
      readonly json: boolean;
    }
  | { readonly name: 'export'; readonly file: string; readonly out: string; readonly format: OutputFormat };

export const usage = `Pyrometer, the flame graphs of your servers

  npm start                                  opens the window
  npm start -- FILE...                       opens pprof, Austin and folded files in the window
  npm start -- record TARGET --out FILE      profiles everything on TARGET, writes FILE
      TARGET              local, or user@host, or user@host:port (key from the ssh agent)
      --seconds N         how long, 1 to 3600; 15 by default
      --service NAME      only this service
      --times             with the time of each sample, at most 600 seconds; FILE ends in .pb.gz
      --identity PATH     a private key
  npm start -- check TARGET                  tells whether an agent can run on TARGET, and why not; changes nothing
      --json              one line of JSON
      --identity PATH     a private key
  npm start -- agent list TARGET             lists what of Pyrometer lies on TARGET
  npm start -- agent remove TARGET           lists it, asks once, stops the agent there and removes all of it
      --yes               without asking
      --force             also while others record with it
      --identity PATH     a private key
  npm start -- agent verify TARGET --service NAME
                                             runs py-spy beside the agent on a Python service in containers, and tells how
                                             well the two agree: exit code 0, 3 when they differ, 1 when it cannot be told
      --seconds N         how long, 5 to 120; 20 by default
      --json              one line of JSON
      --identity PATH     a private key
  npm start -- tunnel TARGET                 lists what of Pyroscope, Grafana and Alloy could be reached there
  npm start -- tunnel TARGET ADDRESS...      makes it reachable on 127.0.0.1 until Ctrl+C
      ADDRESS             PORT, HOST:PORT or /SOCKET as TARGET sees it; LOCALPORT: before it wishes for a port here
      --identity PATH     a private key
  npm start -- export PROFILE --out FILE     writes a profile in another form
  npm start -- diff BEFORE AFTER             tells what changed, how much, and whether it is more than chance
      BEFORE, AFTER       a profile; a folder of profiles, each a measurement of its own (8 or more on each side let a
                          change be certain); snapshot:TITLE; or SOURCE{SELECTOR}@FROM..TO, asked of a running agent
                          (SOURCE is local, user@host or user@host:port) or a Pyroscope (its http address), such as
                          'local{service_name="web"}@-30m..-15m' or 'http://host:4040{}@2026-11-29T10:00..now'
      --type TYPE         the profile type of selections; CPU time by default
      --identity PATH     a private key
      --tenant NAME       of a Pyroscope that has several (X-Scope-OrgID)
      --login KIND        what a Pyroscope wants to know: basic (a user and a password) or bearer (a token). It is asked for,
                          or read from PYROMETER_PYROSCOPE_USER and _PASSWORD, or _TOKEN; it is never saved
      --yes               asks a Pyroscope for all windows without a question; without a terminal there is none
      --format FORMAT     text, markdown or json
      --scale SCALE       absolute (CPU time a second), relative (to what did not move), work (see below), auto by default
      --work A,B          so many requests, messages or what else was done on each side: compares what one of them costs
      --prometheus PLACE --work-metric QUERY
                          has them counted instead, for selections: PLACE is http://HOST:PORT, or HOST:PORT or PORT as the
                          server of AFTER sees it; QUERY a counter in PromQL, such as 'sum(http_requests_total{job="web"})'
      --prometheus-login KIND
                          as --login; from PYROMETER_PROMETHEUS_USER and _PASSWORD, or _TOKEN
      --fail-on RULES     exit code 3 when one is met, such as "certain slower > 2%, new > 5%", of all that BEFORE cost
      --out FILE.html     draws the diff too
      --rename OLD=NEW    a function is called NEW since then; remembered, also by the window, until --forget-rename OLD=NEW.
                          FILE:FUNCTION tells functions of one name apart: --rename views.py:get=orders.py:read
      --ignore-type-arguments
                          f<int> and f<long> are one function
  npm start -- changes SELECTION             tells when functions went to another level, and which deploy or restart lies nearest
      SELECTION           as of diff, 16 windows (4 minutes) at least: 'local{service_name="web"}@-2h..now'
      --type, --identity, --tenant, --login, --yes
                          as of diff
      --json              for programs
  npm start -- help | version

  FILE is written by its ending: .html (one page that opens offline), .pb.gz (pprof), .folded (folded stacks)
`;

const endings: readonly (readonly [string, OutputFormat])[] = [
  ['.html', 'html'],
  ['.pb.gz', 'pprof'],
  ['.pprof', 'pprof'],
  ['.folded', 'folded'],
  ['.txt', 'folded'],
];

function formatOf(path: string): Result<OutputFormat> {
  const format = endings.find(([ending]) => path.toLowerCase().endsWith(ending))?.[1];
  return format === undefined
    ? fail('invalid-input', `"${path}" does not say what to write: end it in .html, .pb.gz or .folded.`)
    : ok(format);
}

/**
 * A target as people type it. User and host never begin with "-" and hold no blank, control or shell character.
 * IPv6 addresses with a port stand in brackets.
 */
export function parseTarget(text: string): Result<RecordTarget> {
  if (text === 'local') return ok({ kind: 'local' });
  const match =
    /^(?<user>[A-Za-z0-9_.][A-Za-z0-9_.-]*)@(?:\[(?<six>[0-9A-Fa-f:.]+(?:%[A-Za-z0-9]+)?)\]|(?<host>[A-Za-z0-9_][A-Za-z0-9_.-]*))(?::(?<port>\d{1,5}))?$/.exec(
      text,
    );
  const { user, six, host, port } = match?.groups ?? {};
  const name = six ?? host;
  const number = port === undefined ? 22 : Number(port);
  if (user === undefined || name === undefined || number < 1 || number > 65535) {
    return fail('invalid-input', `"${text}" is no target: say local, user@host or user@host:port.`);
  }
  return ok({ kind: 'ssh', user, host: name, port: number });
}

function parseVerify(rest: readonly string[]): Result<Command> {
  const one = { type: 'string' } as const;
  let parsed;
  try {
    parsed = parseArgs({
      args: [...rest],
      allowPositionals: true,
      options: { identity: { ...one, short: 'i' }, service: one, seconds: one, json: { type: 'boolean' } },
    });
  } catch (error) {
    return fail('invalid-input', `${error instanceof Error ? error.message : String(error)} See "npm start -- help".`);
  }
  const [name, ...others] = parsed.positionals;
  const { identity, service, json = false } = parsed.values;
  if (name === undefined || others.length > 0 || service === undefined || service === '') {
    return fail('invalid-input', 'Say agent verify TARGET --service NAME.');
  }
  const seconds = wholeSeconds(parsed.values.seconds ?? String(verifySeconds), 5, 120);
  if (!seconds.ok) return seconds;
  const target = parseTarget(name);
  return target.ok
    ? ok({ name: 'verify', target: target.value, identity, service, seconds: seconds.value, json })
    : target;
}

function wholeSeconds(text: string, from: number, to: number): Result<number> {
  const seconds = Number(text);
  return Number.isInteger(seconds) && seconds >= from && seconds <= to
    ? ok(seconds)
    : fail('invalid-input', `--seconds must be a whole number from ${from} to ${to}, not "${text}".`);
}

function parseAgent(rest: readonly string[]): Result<Command> {
  if (rest[0] === 'verify') return parseVerify(rest.slice(1));
  let parsed;
  try {
    parsed = parseArgs({
      args: [...rest],
      allowPositionals: true,
      options: { identity: { type: 'string', short: 'i' }, force: { type: 'boolean' }, yes: { type: 'boolean' } },
    });
  } catch (error) {
    return fail('invalid-input', `${error instanceof Error ? error.message : String(error)} See "npm start -- help".`);
  }
  const [action, name, ...others] = parsed.positionals;
  if ((action !== 'list' && action !== 'remove') || name === undefined || others.length > 0) {
    return fail('invalid-input', 'Say agent list TARGET, agent remove TARGET, or agent verify TARGET --service NAME.');
  }
  const { identity, force = false, yes = false } = parsed.values;
  if ((force || yes) && action === 'list') return fail('invalid-input', 'agent list takes neither --force nor --yes.');
  const target = parseTarget(name);
  return target.ok ? ok({ name: 'agent', action, target: target.value, identity, force, yes }) : target;
}

function parseTunnel(rest: readonly string[]): Result<Command> {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...rest],
      allowPositionals: true,
      options: { identity: { type: 'string', short: 'i' } },
    });
  } catch (error) {
    return fail('invalid-input', `${error instanceof Error ? error.message : String(error)} See "npm start -- help".`);
  }
  const [name, ...addresses] = parsed.positionals;
  const target = parseTarget(name ?? '');
  if (!target.ok) return target;
  if (target.value.kind === 'local') return fail('invalid-input', 'This computer needs no tunnel to itself.');
  const tunnels: NewTunnel[] = [];
  for (const text of addresses) {
    const [, wished, address = text] = /^(\d{1,5}):(.+)$/.exec(text) ?? [];
    const to = parseTunnelAddress(address);
    const tunnel = v.safeParse(NewTunnel, {
      to,
      name: to === undefined ? '' : tunnelAddressText(to),
      ...(wished === undefined ? {} : { localPort: Number(wished) }),
    });
    if (!tunnel.success) {
      return fail('invalid-input', `"${text}" is no address: say PORT, HOST:PORT, /SOCKET or LOCALPORT:HOST:PORT.`);
    }
    tunnels.push(tunnel.output);
  }
  return ok({ name: 'tunnel', target: target.value, tunnels, identity: parsed.values.identity });
}

function parseCheck(rest: readonly string[]): Result<Command> {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...rest],
      allowPositionals: true,
      options: { identity: { type: 'string', short: 'i' }, json: { type: 'boolean' } },
    });
  } catch (error) {
    return fail('invalid-input', `${error instanceof Error ? error.message : String(error)} See "npm start -- help".`);
  }
  const [name, ...others] = parsed.positionals;
  if (name === undefined || others.length > 0) {
    return fail('invalid-input', 'Name one target to check: local or user@host.');
  }
  const { identity, json = false } = parsed.values;
  const target = parseTarget(name);
  return target.ok ? ok({ name: 'check', target: target.value, identity, json }) : target;
}

/** Reads the arguments behind the program's name. */
export function parseCommand(argv: readonly string[]): Result<Command> {
  const [name = 'help', ...rest] = argv;
  if (name === 'help' || name === '--help' || name === '-h') return ok({ name: 'help' });
  if (name === 'version' || name === '--version') return ok({ name: 'version' });
  if (name === 'agent') return parseAgent(rest);
  if (name === 'check') return parseCheck(rest);
  if (name === 'changes') return parseChanges(rest);
  if (name === 'diff') return parseDiff(rest);
  if (name === 'tunnel') return parseTunnel(rest);
  if (name !== 'record' && name !== 'export')
    return fail('invalid-input', `There is no command "${name}"; see "npm start -- help".`);
  const one = { type: 'string' } as const;
  let parsed;
  try {
    parsed = parseArgs({
      args: rest,
      allowPositionals: true,
      options: {
        out: { ...one, short: 'o' },
        seconds: one,
        service: one,
        identity: { ...one, short: 'i' },
        times: { type: 'boolean' },
      },
    });
  } catch (error) {
    return fail('invalid-input', `${error instanceof Error ? error.message : String(error)} See "npm start -- help".`);
  }
  const { values } = parsed;
  const [first, ...others] = parsed.positionals;
  const { out } = values;
  if (first === undefined || others.length > 0) {
    return fail(
      'invalid-input',
      name === 'record' ? 'Name one target: local or user@host.' : 'Name one profile to export.',
    );
  }
  if (out === undefined) return fail('invalid-input', 'Say where to write: --out flame.html or --out profile.pb.gz.');
  const format = formatOf(out);
  if (!format.ok) return format;
  if (name === 'export') {
    if (Object.keys(values).length > 1) return fail('invalid-input', 'export takes --out only.');
    return ok({ name, file: first, out, format: format.value });
  }
  const target = parseTarget(first);
  if (!target.ok) return target;
  const { times = false } = values;
  if (times && format.value !== 'pprof') {
    return fail('invalid-input', 'The time of each sample is kept in pprof only: end FILE in .pb.gz.');
  }
  const seconds = wholeSeconds(values.seconds ?? '15', 1, times ? longestTimedSeconds : 3600);
  if (!seconds.ok) return seconds;
  return ok({
    name,
    target: target.value,
    seconds: seconds.value,
    out,
    format: format.value,
    service: values.service,
    identity: values.identity,
    times,
  });
}
