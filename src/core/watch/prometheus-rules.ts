import { quoteLabelValue } from '../words/selectors.js';
import { ruleWords, watchedName, watchedValue, type WatchedThing } from './words.js';

/** A rule and where it holds. */
export interface ExportedRule extends WatchedThing {
  readonly source: 'agent' | 'pyroscope';
  readonly selector: string;
  /** What the server is called here. */
  readonly target: string;
  /** What it calls itself, where that is known: one Prometheus may read many agents. */
  readonly hostname?: string;
}

/** The text of a file of rules, and how many of the rules it holds. */
export interface ExportedRules {
  readonly text: string;
  readonly expressed: number;
}

/** A mean of so long is compared, and has to be above for so long: what Prometheus has in place of certainty. */
const meanOf = '10m';
const holdsFor = '5m';

/**
 * Writes rules as a file of Prometheus' alert rules over the agent's metrics (`--metrics-listen`). They tell the cores of each service,
 * not what functions do: what cannot be said so stands in comments, with the reason. `madeAt` is for people.
 */
export function prometheusRules(rules: readonly ExportedRule[], madeAt: string): ExportedRules {
  const written = rules.map((rule) => ({ rule, why: whyNot(rule) }));
  const expressed = written.filter(({ why }) => why === undefined);
  const lines = [
    `# Pyrometer's watch list, ${madeAt}. Check it with: promtool check rules FILE`,
    '# Prometheus has to read the agent: start it with --metrics-listen 127.0.0.1:4042.',
    `# These compare means of ${meanOf} with fixed thresholds. How often they are wrong nobody bounds, as the app's watch list does.`,
    ...written.flatMap(({ rule, why }) =>
      why === undefined ? [] : [`# Left out: ${quoted(watchedName(rule))} ${ruleWords(rule)}: ${why}`],
    ),
  ];
  if (expressed.length === 0) return { text: [...lines, 'groups: []', ''].join('\n'), expressed: 0 };
  return {
    text: [
      ...lines,
      'groups:',
      '  - name: pyrometer-watch-list',
      '    rules:',
      ...expressed.flatMap(({ rule }) => alertLines(rule)),
      ...silentLines,
      '',
    ].join('\n'),
    expressed: expressed.length,
  };
}

/** An agent that says nothing must not be taken for one whose services are fine. */
const silentLines = [
  '      - alert: PyrometerAgentStoresNoWindows',
  '        expr: time() - pyrometer_last_window_end_seconds > 120',
  `        for: ${holdsFor}`,
  '        labels:',
  '          severity: warning',
  '        annotations:',
  '          summary: "Pyrometer on {{ $labels.instance }} stores no windows: what is watched there is not seen"',
];

function whyNot({ function: of, source, selector, service }: ExportedRule): string | undefined {
  if (of !== undefined) return 'the agent has no metric of functions.';
  if (source !== 'agent') return 'it is read from Pyroscope, of which the agent has no metric.';
  return selector === selectorOf(service) ? undefined : 'its selector is more than a service.';
}

function selectorOf(service: string): string {
  return service === '' ? '{}' : `{service_name=${quoteLabelValue(service)}}`;
}

function alertLines(rule: ExportedRule): readonly string[] {
  const { service, most, target, hostname } = rule;
  const cores =
    service === ''
      ? `sum by (job, instance) (avg_over_time(pyrometer_service_cpu_cores[${meanOf}]))`
      : `avg_over_time(pyrometer_service_cpu_cores{service_name=${promqlText(service)}}[${meanOf}])`;
  const there =
    hostname === undefined ? '' : ` and on (job, instance) pyrometer_agent_info{hostname=${promqlText(hostname)}}`;
  const name = plain(watchedName(rule));
  const summary = `${name} on ${plain(target)}: {{ $value | printf "%.2f" }} cores, above the watched ${watchedValue(rule, most)}`;
  return [
    '      - alert: PyrometerServiceAboveThreshold',
    `        expr: ${quoted(`${cores} > ${most}${there}`)}`,
    `        for: ${holdsFor}`,
    '        labels:',
    '          severity: warning',
    `          watched: ${quoted(name)}`,
    `          server: ${quoted(plain(target))}`,
    '        annotations:',
    `          summary: ${quoted(summary)}`,
  ];
}

/** Text in an expression. */
function promqlText(text: string): string {
  return quoteLabelValue(text.replaceAll(alone, '\ufffd'));
}

/** Halves of surrogate pairs are no characters. */
const alone = /\p{Surrogate}/gu;
/** What YAML takes for an end of a line, or not at all, and JSON leaves as it is. */
const foreign = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** A scalar of YAML: strings of JSON are such, but for these. */
function quoted(text: string): string {
  const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(text.replaceAll(alone, '\ufffd')).replaceAll(foreign, escape);
}

/** A name in a template of Prometheus, which takes `{{` for its own. */
function plain(text: string): string {
  return text.replaceAll('{{', '{{ "{{" }}');
}
