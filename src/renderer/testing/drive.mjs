// Drives the development page as a user would, and fails when something does not answer:
//   node src/renderer/testing/drive.mjs
import assert from 'node:assert/strict';
import { openDevelopmentPages } from './development-page.mjs';

const { address, browser, close } = await openDevelopmentPages();
try {
  const page = await browser.newPage();
  const errors = [];
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(error.stack));
  page.setDefaultTimeout(10_000);
  const ready = () => page.waitForSelector('.flame canvas[data-state="ready"]', { state: 'attached' });
  const state = () =>
    page.evaluate(() => {
      const { zoomPath, search, tab, range, serviceName, selectedPath, live } =
        window.harness.workbench.context.store.getState();
      return { zoomPath, search, tab, range, serviceName, selectedPath, live };
    });
  const step = (text) => console.log(`${text}`);

  await page.goto(`${address}?scenario=normal&theme=dark`);
  await ready();
  step('service by its list item');
  await page.getByRole('listitem').filter({ hasText: 'revel_web' }).getByRole('button').click();
  await page.waitForFunction(() => window.harness.workbench.context.store.getState().viewTitle.startsWith('revel_web'));
  await ready();
  step('keys on the graph');
  await page.getByRole('treegrid', { name: 'Flame graph' }).focus();
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
  const zoomed = await state();
  assert.equal(zoomed.zoomPath.length, 3);
  assert.deepEqual(zoomed.zoomPath, zoomed.selectedPath);
  step('search says matches and share, and lists the names');
  await page.keyboard.press('Control+F');
  await page.keyboard.type('iterencode');
  await page.getByText(/matches, .*%/).waitFor();
  assert.ok((await page.getByRole('list', { name: 'Search matches' }).getByRole('listitem').count()) > 0);
  step('a new decoder: the same zoom and search');
  const total = await page.locator('.flame canvas').getAttribute('data-total');
  await page.evaluate(() => window.harness.restart('decoder'));
  await page.waitForTimeout(300);
  await ready();
  assert.deepEqual(await state(), { ...zoomed, search: 'iterencode' });
  assert.equal(await page.locator('.flame canvas').getAttribute('data-total'), total);
  step('a new links: targets and services again');
  await page.evaluate(() => window.harness.restart('links'));
  await page.waitForTimeout(300);
  await page.getByRole('listitem').filter({ hasText: 'redis' }).waitFor();
  step('a reload: all of it comes back');
  await page.waitForTimeout(500);
  await page.reload();
  await ready();
  assert.deepEqual(await state(), { ...zoomed, search: 'iterencode' });
  step('Escape goes back to the whole');
  await page.getByRole('treegrid', { name: 'Flame graph' }).focus();
  await page.keyboard.press('Escape');
  assert.equal((await state()).zoomPath.length, 0);
  step('Live follows a window');
  const before = await page.evaluate(() => window.harness.workbench.context.store.getState().viewProfiles[0].profileId);
  await page.evaluate(() => window.harness.links.emit('window.stored', { targetId: 'web-1', endMs: Date.now() }));
  await page.waitForFunction(
    (id) => window.harness.workbench.context.store.getState().viewProfiles[0].profileId !== id,
    before,
  );
  step('timeline by keys');
  await page.getByRole('group', { name: /^Timeline/ }).focus();
  await page.keyboard.press('ArrowLeft');
  assert.notEqual((await state()).range, null);
  assert.equal((await state()).live, false);
  await page.keyboard.press('Escape');
  assert.equal((await state()).range, null);
  step('table: sort, filter, copy, find');
  await page.getByRole('tab', { name: 'Table' }).click();
  await page.getByRole('button', { name: 'Total' }).click();
  await page.getByLabel('Filter functions').fill('price');
  await page.getByRole('button', { name: 'Copy', exact: true }).click();
  assert.match((await page.evaluate(() => window.harness.written)).at(-1), /^function\tself \(nanoseconds\)/);
  await page.locator('.table-body .table-row').first().getByRole('button').click();
  assert.match((await state()).search, /price/);
  step('save, open and remove a snapshot');
  await page.getByRole('button', { name: 'Save snapshot' }).click();
  await page.getByLabel('Title').fill('Prices');
  await page.getByLabel('Notes').fill('slow');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByRole('list', { name: 'Snapshots' }).getByRole('button', { name: 'Prices', exact: true }).click();
  await page.getByRole('button', { name: 'Close', exact: true }).waitFor();
  await ready();
  assert.equal(await page.locator('.timeline').count(), 0);
  step('a dropped file is a view of its own');
  await page.evaluate(() =>
    window.harness.emitShell('files.opened', {
      profiles: [{ profileId: 'f1', byteLength: 1, title: 'checkout.pb.gz' }],
    }),
  );
  await page.getByText('checkout.pb.gz').first().waitFor();
  await ready();
  await page.getByRole('button', { name: 'Close', exact: true }).click();
  await ready();
  step('add a server, connect, start and stop its agent');
  await page.getByRole('button', { name: 'Add server', exact: true }).click();
  await page.getByLabel('Host').fill('ada@web-9:2222');
  assert.equal(await page.getByLabel('User').inputValue(), 'ada');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByRole('button', { name: 'Start agent', exact: true }).click();
  await page
    .getByText(/step \d of 7/)
    .first()
    .waitFor();
  await ready();
  await page.getByRole('button', { name: 'Stop agent', exact: true }).click();
  await page.getByRole('button', { name: 'Start agent', exact: true }).waitFor();
  step('record this computer');
  await page.getByRole('button', { name: 'This computer', exact: true }).click();
  await page.getByRole('button', { name: 'Record', exact: true }).click();
  await ready();
  await page.getByRole('button', { name: 'Stop recording' }).click();
  await page.getByRole('button', { name: 'Record', exact: true }).waitFor();
  step('600,000 nodes stay smooth');
  await page.evaluate(() => window.harness.workbench.dispose());
  await page.evaluate(() => sessionStorage.clear());
  await page.goto(`${address}?scenario=normal&nodes=600000`);
  await page.waitForSelector('.flame canvas[data-state="ready"]', { timeout: 60_000 });
  const worst = await page.evaluate(async () => {
    const canvas = document.querySelector('.flame canvas');
    const times = [];
    for (let i = 0; i < 60; i++) {
      canvas.dispatchEvent(new WheelEvent('wheel', { deltaY: 19, bubbles: true, cancelable: true }));
      const start = performance.now();
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      times.push(performance.now() - start);
    }
    return { nodes: canvas.dataset.nodes, median: times.sort((a, b) => a - b)[30] };
  });
  console.log(`  ${worst.nodes} nodes, two frames in ${worst.median.toFixed(1)} ms`);
  assert.deepEqual(errors, []);
  console.log('all well');
} finally {
  await close();
}
