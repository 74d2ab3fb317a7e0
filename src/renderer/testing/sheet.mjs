// The contact sheet: every component in its states, every dialog, every part of the window in what it may be in, in all themes, to be looked at:
//   npm run sheet [-- part of a theme's or a page's name]
// writes build/sheet/THEME-PAGE.png.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDevelopmentPages } from './development-page.mjs';

const out = join(import.meta.dirname, '../../../build/sheet');
const [only = ''] = process.argv.slice(2);
const themes = ['dark', 'light', 'contrast'];

const targetId = 'web-1';
const ofTarget = (...kinds) => kinds.map((kind) => ({ kind, targetId }));
const dialogs = [
  { kind: 'server', targetId: null },
  ...ofTarget('server', 'remove-target', 'receipt', 'checks', 'leftovers', 'stop-agent', 'restart-agent', 'log'),
  ...ofTarget('pyroscope', 'tunnel', 'pushes', 'profiled', 'sampling', 'naming', 'times'),
  { kind: 'memory', targetId, service: 'revel_web' },
  { kind: 'import-server' },
  { kind: 'compare' },
  { kind: 'labels' },
  { kind: 'code-folders' },
  { kind: 'open-link' },
  { kind: 'names' },
  { kind: 'rename', of: { name: 'price_rules', file: 'shop/prices.py' }, is: 'new' },
  { kind: 'watches', of: { name: 'price_rules', file: 'shop/prices.py' } },
  { kind: 'save-snapshot' },
  { kind: 'remove-snapshot', snapshotId: 's-0' },
  { kind: 'about' },
  { kind: 'keys' },
];

const prompts = [
  {
    kind: 'host-key',
    promptId: 'k1',
    targetId,
    host: 'web-1.example.com',
    keyType: 'ssh-ed25519',
    fingerprint: 'SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8',
  },
  {
    kind: 'secret',
    promptId: 'k2',
    targetId,
    title: 'Password of deploy at web-1',
    explanation: 'It goes to web-1.example.com over the encrypted link to log in.',
    fields: [{ label: 'Password', echo: false }],
  },
];

const ready = (page) => page.waitForSelector('.flame canvas[data-state="ready"]');
const setState = (page, state) => page.evaluate((next) => window.harness.workbench.context.store.setState(next), state);
const chooseService = async (page) => {
  await ready(page);
  await page.getByRole('list', { name: 'Services' }).getByRole('button', { name: 'revel_web' }).click();
  await ready(page);
};
const openPopover = (name) => async (page) => {
  await ready(page);
  await page.getByRole('button', { name }).first().click();
  await page.locator('.popover').waitFor();
};
/** Shows the source of the first function in the graph whose file is like this. */
const openSource = async (page, file) => {
  await ready(page);
  await page.evaluate((pattern) => {
    const { flame, store } = window.harness.workbench.context;
    const model = flame.get();
    const node = Array.from({ length: model.graph.count }, (_, at) => at).find((at) =>
      new RegExp(pattern).test(model.sourceFileOf(model.functionOf(at))),
    );
    const path = [];
    for (let at = node; at > 0; at = model.graph.parent[at]) path.unshift(model.nameOf(model.functionOf(at)));
    store.setState({ selectedPath: path, tab: 'source' });
  }, file.source);
  await page.locator('.source-row, .source-missing').first().waitFor();
};
const emptyState = (page) => page.locator('.empty').waitFor();

/** Parts of the window: name, scenario, what is done first, and what the picture is of. */
const parts = [
  ['sidebar', 'normal', chooseService, '.sidebar'],
  ['sidebar, first start', 'first', emptyState, '.sidebar'],
  ['sidebar, hostile names', 'hostile', ready, '.sidebar'],
  ['menu of a target', 'normal', openPopover('More for web-1'), '.popover'],
  ['selection bar', 'normal', chooseService, '.bar'],
  ['range', 'normal', openPopover(/^Range/), '.popover'],
  ['compare', 'normal', openPopover('Compare'), '.popover'],
  ['share', 'normal', openPopover('Share'), '.popover'],
  ['operations', 'normal', openPopover('Operations'), '.popover'],
  ['colours', 'normal', openPopover('Colours'), '.popover'],
  ['timeline', 'normal', chooseService, '.timeline'],
  [
    'timeline, all services',
    'normal',
    async (page) => {
      await ready(page);
      await page.locator('.timeline canvas:not([data-services="0"])').waitFor();
      await page.locator('.timeline canvas').hover({ position: { x: 300, y: 94 } });
      await page.locator('.timeline-words').getByText('of them').waitFor();
    },
    '.timeline',
  ],
  [
    'timeline, services as lines',
    'normal',
    async (page) => {
      await ready(page);
      await page.getByRole('radio', { name: 'Lines' }).click();
    },
    '.timeline',
  ],
  [
    'selector, written',
    'normal',
    async (page) => {
      await ready(page);
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox', { name: 'Selector' }).pressSequentially('re');
      await page.getByRole('option').first().waitFor();
    },
    '.selector-options',
  ],
  [
    'details of a view, trust',
    'normal',
    async (page) => {
      await page.setViewportSize({ width: 1440, height: 1500 });
      await chooseService(page);
      await page.locator('.trust table').waitFor();
    },
    '.details',
  ],
  [
    'details of a frame',
    'normal',
    async (page) => {
      await chooseService(page);
      await page.getByRole('treegrid', { name: 'Flame graph' }).focus();
      for (let press = 0; press < 5; press++) await page.keyboard.press('ArrowDown');
    },
    '.details',
  ],
  ['tabs', 'normal', ready, '.tabs'],
  [
    'search',
    'normal',
    async (page) => {
      await ready(page);
      await page.keyboard.press('Control+F');
      await page.keyboard.type('iter');
      await page.getByText(/matches, /).waitFor();
    },
    '.tabs',
  ],
  [
    'search, wrong',
    'normal',
    async (page) => {
      await ready(page);
      await setState(page, { search: '(', searchMode: 'regex' });
      await page.getByText('not a regular expression').waitFor();
    },
    '.tabs',
  ],
  ['status bar', 'normal', ready, '.status'],
  ['banner, newer agent', 'newer', ready, '.banner'],
  ['banner, older agent', 'older', ready, '.banner'],
  ['banner, kept', 'kept', ready, '.banner'],
  [
    'messages',
    'normal',
    async (page) => {
      await ready(page);
      await page.evaluate(() =>
        window.harness.emitShell('files.failed', {
          name: 'half.pb.gz',
          message: 'The file ends in the middle of a message; it was cut. Copy it again.',
        }),
      );
      await page.locator('.toast').waitFor();
    },
    '.toasts',
  ],
  [
    'palette',
    'normal',
    async (page) => {
      await ready(page);
      await setState(page, { paletteOpen: true });
      await page.keyboard.type('sh');
    },
    'dialog.palette',
  ],
  [
    'table',
    'normal',
    async (page) => {
      await ready(page);
      await page.keyboard.press('2');
      await page.locator('.table-row').first().waitFor();
      await page.locator('.table-row').nth(3).hover();
    },
    '.view',
  ],
  [
    'heat map, a function marked',
    'normal',
    async (page) => {
      await ready(page);
      await page.getByRole('tab', { name: 'Heat map' }).click();
      await page.getByRole('treegrid', { name: 'Flame graph' }).focus();
      for (let press = 0; press < 4; press++) await page.keyboard.press('ArrowDown');
      await page.locator('.heat-box canvas:not([data-marked=""])').waitFor();
    },
    '.view',
  ],
  [
    'time order',
    'normal',
    async (page) => {
      await ready(page);
      await page.getByRole('radio', { name: 'Time order' }).click();
      await page.locator('.time-ruler span').first().waitFor();
    },
    '.view',
  ],
  [
    'threads',
    'normal',
    async (page) => {
      await ready(page);
      await page.getByRole('radio', { name: 'Time order' }).click();
      await page.getByRole('button', { name: /^Thread: / }).click();
      await page.locator('.threads').waitFor();
    },
    '.popover',
  ],
  ['source', 'normal', (page) => openSource(page, /pricing/), '.view'],
  [
    'source, compared by both texts',
    'normal',
    async (page) => {
      await chooseService(page);
      await page.keyboard.press('Control+d');
      await page.getByRole('tab', { name: 'Diff' }).waitFor();
      await openSource(page, /pricing/);
      await page.locator('.source-row.moved').first().waitFor();
    },
    '.view',
  ],
  ['source, not found', 'normal', (page) => openSource(page, /django/), '.view'],
  [
    'sandwich, nothing chosen',
    'normal',
    async (page) => {
      await ready(page);
      await page.keyboard.press('3');
      await emptyState(page);
    },
    '.view',
  ],
  [
    'frame menu',
    'normal',
    async (page) => {
      await ready(page);
      await page.getByRole('treegrid', { name: 'Flame graph' }).focus();
      for (let press = 0; press < 5; press++) await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Shift+F10');
      await page.locator('.context-menu').waitFor();
    },
    '.context-menu',
  ],
  [
    'tooltip',
    'normal',
    async (page) => {
      await ready(page);
      const box = await page.locator('.flame-grid canvas').boundingBox();
      await page.mouse.move(box.x + box.width * 0.3, box.y + 4 + 8 * 19 + 9);
      await page.locator('.flame-tip').waitFor();
    },
    '.flame-tip',
  ],
  [
    'fleet',
    'normal',
    async (page) => {
      await ready(page);
      await setState(page, { fleetOpen: true });
      await page.locator('.fleet').waitFor();
    },
    '.fleet',
  ],
  ['empty: first start', 'first', emptyState, '.empty'],
  ['empty: not installed', 'db-1', emptyState, '.empty'],
  ['empty: agent failed', 'old-1', emptyState, '.empty'],
  ['empty: no link', 'gone', emptyState, '.empty'],
  ['empty: disconnected', 'a-server', emptyState, '.empty'],
  ['empty: starting', 'staging', emptyState, '.empty'],
  ['empty: by the system\u2019s ssh', 'modern', emptyState, '.empty'],
  ['empty: no samples', 'normal&empty', emptyState, '.empty'],
  ['loading', 'normal&hangs=all', (page) => page.getByRole('button', { name: 'Cancel' }).waitFor(), '.empty'],
  ['failed', 'failing', (page) => page.getByText('could not be shown').waitFor(), '.empty'],
];

const { address, browser, close } = await openDevelopmentPages();
const troubles = [];

/** A page of ours; what goes wrong in it is told at the end. */
async function newPage(name) {
  const page = await browser.newPage();
  page.setDefaultTimeout(10_000);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  page.on('pageerror', (error) => troubles.push(`${name}: ${error.stack}`));
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(`${name}: ${message.text()}`);
  });
  return page;
}

/** Puts the pseudo-classes on that elements ask for. */
async function force(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('DOM.enable');
  await session.send('CSS.enable');
  const { root } = await session.send('DOM.getDocument', { depth: 0 });
  const { nodeIds } = await session.send('DOM.querySelectorAll', { nodeId: root.nodeId, selector: '[data-force]' });
  for (const nodeId of nodeIds) {
    const { attributes } = await session.send('DOM.getAttributes', { nodeId });
    const forcedPseudoClasses = attributes[attributes.indexOf('data-force') + 1].split(' ');
    await session.send('CSS.forcePseudoState', { nodeId, forcedPseudoClasses });
  }
}

async function components(theme) {
  const page = await newPage(`components, ${theme}`);
  await page.goto(`${address}sheet.html?theme=${theme}`);
  await page.locator('#sheet').waitFor();
  await page.evaluate(() => document.fonts.ready);
  await force(page);
  const picture = await page.locator('#sheet').screenshot();
  await page.close();
  return picture;
}

/** Takes pictures of parts, and goes on where one fails. */
async function pictures(theme, list) {
  const taken = [];
  for (const [name, scenario, act, selector] of list) {
    const page = await newPage(`${name}, ${theme}`);
    try {
      await page.goto(`${address}?scenario=${scenario}&theme=${theme}`);
      await act(page);
      // A hint lies over what the picture is of, but for the one of hints and messages.
      if (name !== 'messages') await page.addStyleTag({ content: '.hint { display: none }' });
      await page.waitForTimeout(150);
      taken.push([name, await page.locator(selector).first().screenshot()]);
    } catch (error) {
      troubles.push(`${name}, ${theme}: ${error.message}`);
    }
    await page.close();
  }
  return taken;
}

async function dialogPictures(theme) {
  const taken = [];
  const page = await newPage(`dialogs, ${theme}`);
  await page.goto(`${address}?scenario=normal&theme=${theme}`);
  await chooseService(page);
  const take = async (name) => {
    const dialog = page.locator('dialog.modal');
    await dialog.waitFor();
    await page.waitForTimeout(400);
    taken.push([name, await dialog.screenshot()]);
  };
  for (const dialog of dialogs) {
    try {
      await setState(page, { dialog });
      await take(dialog.kind);
    } catch (error) {
      troubles.push(`${dialog.kind}, ${theme}: ${error.message}`);
    }
    await setState(page, { dialog: null });
  }
  for (const prompt of prompts) {
    await setState(page, { prompts: [prompt] });
    await take(prompt.kind);
    await setState(page, { prompts: [] });
  }
  await page.close();
  return taken;
}

/** Pictures beside each other, with their names. */
async function contactSheet(theme, taken, columns) {
  const page = await newPage(`sheet, ${theme}`);
  await page.setViewportSize({ width: 1800, height: 1000 });
  const [ground, text] = theme === 'light' ? ['#d9dade', '#222'] : ['#33353a', '#ddd'];
  const figures = taken
    .map(([name, png]) => {
      const words = name.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
      return `<figure><figcaption>${words}</figcaption><img src="data:image/png;base64,${png.toString('base64')}"></figure>`;
    })
    .join('');
  const style = `body{margin:20px;columns:${columns};column-gap:20px;background:${ground};color:${text};font:13px sans-serif}
    figure{margin:0 0 20px;break-inside:avoid}img{max-width:100%;display:block}figcaption{margin-bottom:4px}`;
  await page.setContent(`<!doctype html><style>${style}</style>${figures}`);
  const picture = await page.screenshot({ fullPage: true });
  await page.close();
  return picture;
}

mkdirSync(out, { recursive: true });
try {
  for (const theme of themes) {
    const pages = [
      ['components', () => components(theme)],
      ['dialogs', async () => contactSheet(theme, await dialogPictures(theme), 3)],
      ['parts', async () => contactSheet(theme, await pictures(theme, parts), 3)],
    ];
    for (const [name, make] of pages) {
      if (!`${theme}-${name}`.includes(only)) continue;
      const path = join(out, `${theme}-${name}.png`);
      writeFileSync(path, await make());
      console.log(path);
    }
  }
} finally {
  await close();
}
for (const trouble of new Set(troubles)) console.log(trouble);
process.exitCode = troubles.length === 0 ? 0 : 1;
