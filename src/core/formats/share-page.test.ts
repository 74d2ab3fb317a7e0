import { describe, expect, it } from 'vitest';
import { escapeHtml, jsonForScript, renderSharePage, type SharePage } from './share-page.js';

const hostile = '</script><script>alert(1)</script><!-- \u2028 & " \'';

const page: SharePage = {
  version: 1,
  title: hostile,
  unit: 'nanoseconds',
  names: ['all', hostile],
  files: ['', hostile],
  colours: ['#888', '#777'],
  parent: [0, 0],
  functionIndex: [0, 1],
  value: [10, 10],
  self: [0, 10],
};

describe('the shared page', () => {
  it('shows hostile text and never lets it become markup', () => {
    const html = renderSharePage(page, { script: 'void 0', style: '', scriptSha256: 'x' });
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html.match(/<\/script/g)).toHaveLength(2);
    expect(html).toContain('<title>&lt;/script&gt;');
  });

  it('keeps every value of the profile', () => {
    const html = renderSharePage(page, { script: 'void 0', style: '', scriptSha256: 'x' });
    const json = /<script type="application\/json" id="profile">(.*?)<\/script>/s.exec(html)?.[1] ?? '';
    expect(JSON.parse(json)).toEqual(page);
  });

  it('escapes', () => {
    expect(escapeHtml('<a href="x">\'&')).toBe('&lt;a href=&quot;x&quot;&gt;&#39;&amp;');
    expect(jsonForScript({ a: '<\u2029' })).toBe('{"a":"\\u003c\\u2029"}');
  });
});
