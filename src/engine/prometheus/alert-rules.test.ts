import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { prometheusRules } from '../../core/watch/prometheus-rules.js';
import { webRule as web } from '../../core/watch/testing/web-rule.js';

/** Names that end strings, templates, lines and comments of what they are written into. */
const hostile = ['a"b', "a'b", 'a\\b', 'a{{ $value }}b', 'a\nb: c', 'a: #b', 'ü 漢字', '`${x}`', ' - '];

/** Has Prometheus' own tool read a file of rules; undefined where the machine does not have it. */
function promtool(rules: string): { readonly code: number | null; readonly said: string } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'pyrometer-rules-'));
  try {
    const file = join(folder, 'rules.yml');
    writeFileSync(file, rules);
    const { error, status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
    if (error !== undefined && 'code' in error && error.code === 'ENOENT') return undefined;
    return { code: status, said: `${stdout}${stderr}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('exported alert rules', () => {
  it('are what promtool takes, whatever services and hosts are called', (context) => {
    const rules = [
      web,
      ...hostile.map((service) => ({ ...web, service, selector: `{service_name=${JSON.stringify(service)}}` })),
      ...hostile.map((target) => ({ ...web, target, hostname: target })),
      { ...web, service: '', selector: '{}', most: 4 },
    ];
    const { text, expressed } = prometheusRules(rules, 'made now');
    const checked = promtool(text);
    if (checked === undefined) {
      context.skip('promtool is not on this machine: apt-get install prometheus');
      return;
    }
    // One more tells of agents that say nothing.
    expect(checked.said).toContain(`SUCCESS: ${expressed + 1} rules found`);
    expect(checked.code).toBe(0);
    // It does judge.
    expect(promtool(text.replace('expr: "', 'expr: "(('))?.code).not.toBe(0);
  });
});
