import { describe, expect, it } from 'vitest';
import { prometheusRules } from './prometheus-rules.js';
import { webRule as web } from './testing/web-rule.js';

describe('rules for Prometheus', () => {
  it('say what the agent has a metric of, and in comments what it has none of', () => {
    const { text, expressed } = prometheusRules(
      [
        web,
        { ...web, function: { name: 'hash_cart' }, measure: 'share', most: 0.05 },
        { ...web, service: '', selector: '{}', most: 4 },
        { ...web, source: 'pyroscope' },
        { ...web, selector: '{service_name="web",pid="1"}' },
      ],
      'made now',
    );
    expect(expressed).toBe(2);
    expect(text.replaceAll('\u00a0', ' ')).toMatchInlineSnapshot(`
      "# Pyrometer's watch list, made now. Check it with: promtool check rules FILE
      # Prometheus has to read the agent: start it with --metrics-listen 127.0.0.1:4042.
      # These compare means of 10m with fixed thresholds. How often they are wrong nobody bounds, as the app's watch list does.
      # Left out: "hash_cart in web" stays below 5.0 %: the agent has no metric of functions.
      # Left out: "web" uses at most 0.50 cores: it is read from Pyroscope, of which the agent has no metric.
      # Left out: "web" uses at most 0.50 cores: its selector is more than a service.
      groups:
        - name: pyrometer-watch-list
          rules:
            - alert: PyrometerServiceAboveThreshold
              expr: "avg_over_time(pyrometer_service_cpu_cores{service_name=\\"web\\"}[10m]) > 0.5 and on (job, instance) pyrometer_agent_info{hostname=\\"web-1.example\\"}"
              for: 5m
              labels:
                severity: warning
                watched: "web"
                server: "web-1"
              annotations:
                summary: "web on web-1: {{ $value | printf \\"%.2f\\" }} cores, above the watched 0.50 cores"
            - alert: PyrometerServiceAboveThreshold
              expr: "sum by (job, instance) (avg_over_time(pyrometer_service_cpu_cores[10m])) > 4 and on (job, instance) pyrometer_agent_info{hostname=\\"web-1.example\\"}"
              for: 5m
              labels:
                severity: warning
                watched: "all services"
                server: "web-1"
              annotations:
                summary: "all services on web-1: {{ $value | printf \\"%.2f\\" }} cores, above the watched 4.00 cores"
            - alert: PyrometerAgentStoresNoWindows
              expr: time() - pyrometer_last_window_end_seconds > 120
              for: 5m
              labels:
                severity: warning
              annotations:
                summary: "Pyrometer on {{ $labels.instance }} stores no windows: what is watched there is not seen"
      "
    `);
  });

  it('are an empty file where nothing can be said', () => {
    const { text, expressed } = prometheusRules([{ ...web, source: 'pyroscope' }], 'made now');
    expect(expressed).toBe(0);
    expect(text).toMatch(/^groups: \[\]$/m);
  });

  it('hold hostile names as text', () => {
    const service = 'a"\n{{ evil }}\\';
    const { text } = prometheusRules(
      [
        { ...web, service, selector: '{service_name="a\\"\\n{{ evil }}\\\\"}' },
        { ...web, service: '\n- alert: x', function: { name: '\n\u2028groups:' } },
      ],
      'made now',
    );
    for (const line of text.split('\n')) expect(line).toMatch(/^(#.*|groups:|\s+(- )?[a-z]+:.*|)$/);
    expect(text).toContain('{{ \\"{{\\" }} evil }}');
    // The parser of expressions takes no replacement character as it is.
    const broken = prometheusRules([{ ...web, service: '\ufffd', selector: '{service_name="\\ufffd"}' }], 'made now');
    expect(broken.text).toContain('{service_name=\\"\\\\ufffd\\"}');
  });
});
