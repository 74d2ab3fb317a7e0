// Takes pictures of every view and state of the development page in both themes, to be looked at:
//   node src/renderer/testing/shots.mjs OUT_DIRECTORY [name part]
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openDevelopmentPages } from './development-page.mjs';

const [out = 'shots', only = ''] = process.argv.slice(2);
mkdirSync(out, { recursive: true });

const ready = (page) => page.waitForSelector('canvas[data-state="ready"]');
const zoomTo = async (page, level, share) => {
  const box = await page.locator('.flame canvas').boundingBox();
  await page.mouse.dblclick(box.x + box.width * share, box.y + 4 + level * 19 + 9);
  await page.waitForTimeout(250);
};
const drag = async (page, from, to, shift = false) => {
  const box = await page.locator('.timeline canvas').boundingBox();
  if (shift) await page.keyboard.down('Shift');
  await page.mouse.move(box.x + box.width * from, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + (box.width * (from + to)) / 2, box.y + 62);
  await page.mouse.move(box.x + box.width * to, box.y + 62);
  await page.mouse.up();
  if (shift) await page.keyboard.up('Shift');
};
const choose = (page, name) => page.getByRole('list', { name: 'Services' }).getByRole('button', { name }).click();

const shots = [
  ['flame', 'normal', ready],
  [
    'range-search-select',
    'normal',
    async (page) => {
      await ready(page);
      await choose(page, 'revel_web');
      await drag(page, 0.62, 0.9);
      await page.keyboard.press('Control+F');
      await page.keyboard.type('iter');
      await page.waitForTimeout(200);
      const box = await page.locator('.flame canvas').boundingBox();
      await page.mouse.click(box.x + box.width * 0.2, box.y + 4 + 6 * 19 + 9);
      await page.mouse.move(box.x + box.width * 0.35, box.y + 4 + 8 * 19 + 9);
      await page.waitForTimeout(100);
    },
  ],
  ...['normal', 'hostile'].map((scenario) => [
    `verify-${scenario}`,
    scenario,
    async (page) => {
      await ready(page);
      await choose(page, 'revel_web');
      await page.getByRole('button', { name: 'Verify with py-spy' }).click();
      await page.locator('.verify-verdict').waitFor();
      await page.locator('.verify-verdict').scrollIntoViewIfNeeded();
    },
  ]),
  [
    'zoomed',
    'normal',
    async (page) => {
      await ready(page);
      await zoomTo(page, 5, 0.2);
      await zoomTo(page, 9, 0.5);
    },
  ],
  [
    'diff',
    'normal',
    async (page) => {
      await ready(page);
      await choose(page, 'revel_web');
      await drag(page, 0.06, 0.28);
      await drag(page, 0.7, 0.92, true);
      await page.getByRole('tab', { name: 'Diff' }).waitFor();
      await ready(page);
      const box = await page.locator('.flame canvas').boundingBox();
      await page.mouse.click(box.x + box.width * 0.2, box.y + 4 + 8 * 19 + 9);
      await page.waitForTimeout(200);
    },
  ],
  [
    'table',
    'normal',
    async (page) => {
      await ready(page);
      await page.keyboard.press('2');
      await page.waitForSelector('.table-body .table-row');
    },
  ],
  [
    'diff-table',
    'normal',
    async (page) => {
      await ready(page);
      await page.keyboard.press('Control+D');
      await page.getByRole('tab', { name: 'Diff' }).waitFor();
      await page.keyboard.press('2');
      await page.waitForSelector('.table.diff .table-row');
    },
  ],
  [
    'explained-table',
    'normal',
    async (page) => {
      await ready(page);
      await choose(page, 'revel_web');
      await page.getByRole('tab', { name: 'Table' }).click();
      await page.locator('.table-body .table-row').nth(2).locator('> *').nth(2).click({ button: 'right' });
      await page.getByRole('menuitem', { name: /^Explain this number/ }).click();
      await page.locator('.popover.explain').waitFor();
    },
  ],
  [
    'explained-change',
    'normal',
    async (page) => {
      await ready(page);
      await page.keyboard.press('Control+D');
      await page.getByRole('tab', { name: 'Diff' }).waitFor();
      await page.keyboard.press('2');
      await page.waitForSelector('.table.diff .table-row');
      await page.locator('.table-body .table-row').nth(2).locator('> *').nth(3).click({ button: 'right' });
      await page.getByRole('menuitem', { name: /^Explain this number/ }).click();
      await page.locator('.popover.explain').waitFor();
    },
  ],
  ['first-start', 'first', (page) => page.getByRole('button', { name: 'Record' }).waitFor()],
  [
    'recording',
    'first',
    async (page) => {
      await page.getByRole('button', { name: 'Record' }).click();
      await page.getByText('of 7').first().waitFor();
    },
  ],
  ['kept', 'kept', ready],
  ['starting', 'waiting', (page) => page.getByText('step 3 of 7').first().waitFor()],
  ['not-installed', 'db-1', (page) => page.getByRole('button', { name: 'Start agent' }).waitFor()],
  ['system-ssh', 'modern', (page) => page.getByText("by the system's ssh").waitFor()],
  ['agent-failed', 'old-1', (page) => page.getByText('The agent could not start').waitFor()],
  ['link-failed', 'gone', (page) => page.getByRole('button', { name: 'Connect' }).waitFor()],
  ['disconnected', 'a-server', (page) => page.getByRole('button', { name: 'Connect' }).waitFor()],
  ['loading', 'slow', (page) => page.waitForTimeout(400)],
  ['fetch-failed', 'failing', (page) => page.getByText('could not be shown').waitFor()],
  ['hostile', 'hostile', ready],
  [
    'add-server',
    'normal',
    async (page) => {
      await ready(page);
      await page.getByRole('button', { name: 'Add server' }).click();
      await page.getByLabel('Host').fill('bad.example.com');
      await page.getByLabel('User').fill('deploy');
      await page.getByRole('button', { name: 'Test connection' }).click();
      await page.getByText('no host called').waitFor();
      await page.getByLabel('Get missing debug symbols').check();
      await page.getByLabel('debuginfod server', { exact: true }).scrollIntoViewIfNeeded();
    },
  ],
  [
    'what-is-profiled',
    'normal',
    async (page) => {
      await ready(page);
      await page.getByRole('button', { name: 'More for web-1' }).click();
      await page.getByRole('menuitem', { name: 'What is profiled…' }).click();
      await page.getByRole('radio', { name: 'Only what is chosen' }).click();
      await page.getByRole('group', { name: 'Services' }).getByLabel('revel_web').check();
    },
  ],
  [
    'import-server',
    'normal',
    async (page) => {
      await ready(page);
      await page.getByRole('button', { name: 'Add server' }).click();
      await page.getByRole('button', { name: 'Import from' }).click();
      await page.getByRole('radio', { name: 'shop-eu' }).click();
    },
  ],
  [
    'imported-server',
    'normal',
    async (page) => {
      await ready(page);
      await page.getByRole('button', { name: 'Add server' }).click();
      await page.getByRole('button', { name: 'Import from' }).click();
      await page.getByRole('radio', { name: 'shop-eu' }).click();
      await page.getByRole('button', { name: 'Read its settings' }).click();
      await page.getByText('Server 1 on the way').waitFor();
      await page.getByLabel('Group').fill('Shop');
      await page.getByRole('radio', { name: 'violet' }).click();
    },
  ],
  [
    'imported-for-ssh',
    'normal',
    async (page) => {
      await ready(page);
      await page.getByRole('button', { name: 'Add server' }).click();
      await page.getByRole('button', { name: 'Import from' }).click();
      await page.getByRole('radio', { name: 'bastion' }).click();
      await page.getByRole('button', { name: 'Read its settings' }).click();
      await page.getByText('Goes through the system').waitFor();
    },
  ],
  [
    'pyroscope',
    'normal',
    async (page) => {
      await ready(page);
      await page.locator('.side-row').first().hover();
      await page.getByRole('button', { name: 'More for web-1' }).click();
      await page.getByRole('menuitem', { name: 'Pyroscope' }).click();
    },
  ],
  [
    'target-menu',
    'normal',
    async (page) => {
      await ready(page);
      await page.locator('.side-row').first().hover();
      await page.getByRole('button', { name: 'More for web-1' }).click();
    },
  ],
  ['agent-newer', 'newer', (page) => page.getByText('it is kept').waitFor()],
  [
    'agent-upgrade',
    'older',
    async (page) => {
      await ready(page);
      await page.getByRole('button', { name: 'Upgrade…' }).click();
    },
  ],
  ...['normal', 'hostile'].map((scenario) => [
    `log-${scenario}`,
    scenario,
    async (page) => {
      await ready(page);
      await page.locator('.side-row').first().hover();
      await page.getByRole('button', { name: 'More for web-1' }).click();
      await page.getByRole('menuitem', { name: 'Log of the agent' }).click();
      await page.getByText('SIGQUIT').waitFor();
    },
  ]),
  [
    'fleet',
    'normal',
    async (page) => {
      await ready(page);
      await page.getByRole('button', { name: 'Fleet overview' }).click();
      await page.getByText(' of 8').first().waitFor();
    },
  ],
  [
    'host-key',
    'normal',
    async (page) => {
      await ready(page);
      await page.evaluate(() =>
        window.harness.links.emit('prompt.opened', {
          prompt: {
            kind: 'host-key',
            promptId: 'k1',
            targetId: 'web-1',
            host: 'web-1.example.com',
            keyType: 'ssh-ed25519',
            fingerprint: 'SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8',
          },
        }),
      );
      await page.getByText('Is this').waitFor();
    },
  ],
  [
    'secret',
    'normal',
    async (page) => {
      await ready(page);
      await page.evaluate(() =>
        window.harness.links.emit('prompt.opened', {
          prompt: {
            kind: 'secret',
            promptId: 'k2',
            targetId: 'web-1',
            title: 'Password of deploy at web-1',
            explanation: 'It goes to web-1.example.com over the encrypted link to log in.',
            fields: [{ label: 'Password', echo: false }],
          },
        }),
      );
      await page.getByText('Password of').waitFor();
    },
  ],
  [
    'save-snapshot',
    'normal',
    async (page) => {
      await ready(page);
      await page.keyboard.press('Control+S');
      await page.getByLabel('Title').waitFor();
    },
  ],
  [
    'snapshot-open',
    'normal',
    async (page) => {
      await ready(page);
      await page.getByRole('button', { name: 'Checkout slow' }).first().click();
      await page.getByText('Close', { exact: true }).waitFor();
      await ready(page);
    },
  ],
  [
    'share-menu',
    'normal',
    async (page) => {
      await ready(page);
      await page.getByRole('button', { name: 'Share' }).click();
    },
  ],
  [
    'toasts',
    'normal',
    async (page) => {
      await ready(page);
      await page.getByRole('button', { name: 'Share' }).click();
      await page.getByRole('menuitem', { name: 'HTML' }).click();
      await page.evaluate(() =>
        window.harness.emitShell('files.failed', {
          name: 'half.pb.gz',
          message: 'The file ends in the middle of a message; it was cut. Copy it again.',
        }),
      );
      await page.getByText('was cut').waitFor();
    },
  ],
  [
    'palette',
    'normal',
    async (page) => {
      await ready(page);
      await page.keyboard.press('Control+Shift+P');
      await page.keyboard.type('s');
    },
  ],
  [
    'range-form',
    'normal',
    async (page) => {
      await ready(page);
      await page.getByRole('button', { name: /^Range/ }).click();
    },
  ],
  [
    'keys',
    'normal',
    async (page) => {
      await ready(page);
      await page.keyboard.press('?');
      await page.getByText('out one level').waitFor();
    },
  ],
  [
    'about',
    'normal',
    async (page) => {
      await ready(page);
      await page.keyboard.press('Control+Shift+P');
      await page.keyboard.type('about');
      await page.keyboard.press('Enter');
      await page.getByText('33.2.1').waitFor();
    },
  ],
  [
    'labels',
    'normal',
    async (page) => {
      await ready(page);
      await page.getByRole('button', { name: 'Operations', exact: true }).click();
      await page.getByRole('menuitem', { name: /^Filter by label/ }).click();
      await page.getByRole('button', { name: 'Only MainThread' }).waitFor();
    },
  ],
  [
    'heat',
    'normal',
    async (page) => {
      await ready(page);
      await page.getByRole('tab', { name: 'Heat map' }).click();
      await page.getByRole('group', { name: /^Heat map/ }).focus();
      for (const keys of ['ArrowRight', 'Shift+PageUp', 'Shift+ArrowRight', 'Enter']) await page.keyboard.press(keys);
    },
  ],
  ['loading', 'normal&hangs=all', (page) => page.getByRole('button', { name: 'Cancel' }).waitFor()],
  ['loading-cancelled', 'normal&hangs=all', (page) => page.getByRole('button', { name: 'Cancel' }).click()],
  [
    'opening',
    'normal&hangs=files',
    async (page) => {
      await ready(page);
      await page.keyboard.press('Control+O');
      await page.getByRole('button', { name: 'Cancel' }).waitFor();
    },
  ],
  ['empty', 'normal&empty', (page) => page.getByText('No samples here').waitFor()],
];

const { address, browser, close } = await openDevelopmentPages();
let failures = 0;
try {
  for (const [name, scenario, act] of shots) {
    if (!name.includes(only)) continue;
    for (const theme of ['dark', 'light']) {
      for (const [suffix, width, height] of name === 'flame' || name === 'diff' || name === 'fleet'
        ? [
            ['', 1440, 900],
            ['-narrow', 1024, 640],
            ['-wide', 2200, 1200],
          ]
        : [['', 1440, 900]]) {
        const page = await browser.newPage();
        page.setDefaultTimeout(15_000);
        page.on('console', (message) => {
          if (message.type() === 'error') console.log(`${name}: ${message.text()}`);
        });
        page.on('pageerror', (error) => {
          console.log(`${name}: ${error.stack}`);
        });
        await page.setViewportSize({ width, height });
        try {
          await page.goto(`${address}?scenario=${scenario}&theme=${theme}`);
          await act(page);
          await page.waitForTimeout(150);
        } catch (error) {
          failures++;
          console.log(`${name} ${theme}: ${error.message}`);
        }
        await page.screenshot({ path: join(out, `${name}-${theme}${suffix}.png`) });
        await page.close();
      }
    }
  }
} finally {
  await close();
}
process.exitCode = failures === 0 ? 0 : 1;
