import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { afterAll, beforeAll, expect, inject, onTestFailed, test } from 'vitest';
import { launchApp, type App } from '../app';
import { drive, type Driver } from '../ui/driver';
import { changeImage } from './docker/changed';
import { demoImage } from './docker/image';
import { startLoad } from './docker/load';
import { repositoryFolder } from './support/places';
import { freePort } from './support/ports';
import { run } from './support/run';
import { waitFor } from './support/wait';

// Services that change while an agent looks, and what is told of each. Beside other work a machine gives fewer samples than on its own: what is
// before a change is measured for three minutes, and what is behind it for as long as it takes to be certain.

const world = inject('world');
const docker = new Docker({ socketPath: world.dockerSocket });
const { host, port: sshPort } = world.sshd;
const project = 'orders';
const windowSeconds = 5;
/** Before each change; 8 effective ones are needed. */
const windowsBefore = 36;
/** Behind a change nobody waits for longer: as long as before it is what can be compared. */
const longestWaitMs = (windowsBefore + 24) * windowSeconds * 1000;

/** A service, and the images of it that run one after the other; of one image it is the same program that begins anew. */
interface Changing {
  readonly service: string;
  readonly command: readonly string[];
  readonly images: readonly [string, string?];
}

let app: App;
let ui: Driver;
const ends: (() => Promise<void> | void)[] = [];

const nameOf = ({ service }: Changing): string => `${project}_${service}`;

async function start(changing: Changing, image: string): Promise<void> {
  const container = await docker.createContainer({
    name: nameOf(changing),
    Image: image,
    Cmd: [...changing.command],
    Labels: {
      'com.docker.compose.project': project,
      'com.docker.compose.service': changing.service,
      'com.docker.compose.container-number': '1',
    },
    HostConfig: { NetworkMode: 'host' },
  });
  await container.start();
}

/** Runs the next image in the place of the one before, or the same container again. */
async function change(changing: Changing): Promise<void> {
  const container = docker.getContainer(nameOf(changing));
  const [, next] = changing.images;
  if (next === undefined) await container.restart({ t: 0 });
  else {
    await container.remove({ force: true });
    await start(changing, next);
  }
}

const answers = (url: string): Promise<unknown> =>
  waitFor('the shop to answer', async () => ((await fetch(`${url}/healthz`)).ok ? true : undefined), {
    timeoutMs: 60_000,
    everyMs: 100,
  });

const read = (path: string): string => readFileSync(join(repositoryFolder, path), 'utf8');

/** The shop, and its prices after a deploy that makes shipping slower by mistake: by steps of 5 g instead of 500. */
async function web(port: number): Promise<Changing> {
  const prices = read('resources/demo/revel/shop/prices.py');
  const slower = prices.replace('while left > 500:\n        left -= 500', 'while left > 5:\n        left -= 5');
  expect(slower).not.toBe(prices);
  const image = { repo: project, tag: 'web-slower', files: { 'app/shop/prices.py': slower } };
  const command = ['gunicorn', 'revel.wsgi:application', '--workers', '1', '--bind', `127.0.0.1:${port}`];
  command.push('--worker-tmp-dir', '/dev/shm');
  return { service: 'web', command, images: [demoImage, await changeImage(docker, world.path, image)] };
}

/** A program of e2e/fixtures/orders, and another one in its place. */
async function program(service: string, before: string, after?: string): Promise<Changing> {
  const messages = read('e2e/fixtures/orders/messages.py');
  const image = (file: string): Promise<string> => {
    const files = { 'app/messages.py': messages, [`app/${service}.py`]: read(`e2e/fixtures/orders/${file}.py`) };
    return changeImage(docker, world.path, { repo: project, tag: `${service}-${file.replace('_', '-')}`, files });
  };
  const command = ['python3', `/app/${service}.py`];
  const first = await image(before);
  return { service, command, images: after === undefined ? [first] : [first, await image(after)] };
}

beforeAll(async () => {
  const port = await freePort();
  const webUrl = `http://127.0.0.1:${port}`;
  const all = [
    await web(port),
    await program('worker', 'worker', 'worker_hashing'),
    await program('export', 'export_json', 'export_avro'),
    await program('steady', 'worker'),
  ];
  for (const each of all) {
    ends.push(() =>
      docker
        .getContainer(nameOf(each))
        .remove({ force: true })
        .then(() => undefined)
        .catch(() => undefined),
    );
    await start(each, each.images[0]);
  }
  await answers(webUrl);
  const load = startLoad({ webUrl, perSecond: 8, forMs: 30 * 60_000 });
  ends.push(() => {
    load.dispose();
  });

  app = await launchApp({ world, name: 'compare-containers' });
  ui = drive(app.window);
  ends.push(() => app.dispose());
  await startAgent();
  await sleep(windowsBefore * windowSeconds * 1000);
  for (const each of all) await change(each);
  await answers(webUrl);
}, 600_000);

afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

/** Adds the server, starts an agent on it and has it close a window every five seconds. */
async function startAgent(): Promise<void> {
  const page = app.window;
  await ui.button('Add server').first().click();
  const form = page.getByRole('dialog');
  await form.getByLabel('Host', { exact: true }).fill(host);
  await form.getByLabel('Port', { exact: true }).fill(String(sshPort));
  await form.getByLabel('User', { exact: true }).fill('pyro');
  await form.getByLabel('Name', { exact: true }).fill('orders');
  await form.getByRole('radio', { name: /^Key/ }).click();
  await form.getByLabel('Private key', { exact: true }).fill(world.keys.ed25519);
  await ui.button('Save').last().click();
  await ui.target('orders').click();
  await ui.button('Connect').first().click();
  await page.getByText(/SHA256:/).waitFor({ timeout: 30_000 });
  await page.getByLabel('I trust this key').check();
  await ui.button('Accept key').click();
  await ui.targetState('orders', /not installed|stopped|ready/);
  await ui.button('Start agent').first().click();
  await ui.targetState('orders', /profiling/, 180_000);
  await ui.button('More for orders').click();
  await page.getByRole('menuitem', { name: /How often it samples/ }).click();
  await page.getByRole('dialog').getByRole('radio', { name: '5 s', exact: true }).click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Sample 97 times/ })
    .click();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  // Where others work as well, the agent costs more, and would sample less after a minute.
  const built = `resources/agent/linux-${process.arch === 'arm64' ? 'arm64' : 'amd64'}/pyrometer-agent`;
  await run(join(repositoryFolder, built), ['set', '--max-cpu', '50', '--max-memory', '1024']);
}

/**
 * Takes the app's proposal to compare a service before and after what happened to it, again and again until so many changes are certain;
 * answers its sentences.
 */
async function proposed(
  service: string,
  happened: 'was deployed' | 'restarted',
  certain: number,
): Promise<readonly string[]> {
  const name = `${project}_${service}`;
  onTestFailed(async () => {
    await app.screenshot(`failed-${service}`);
  });
  const proposal = app.window.getByRole('button', {
    name: new RegExp(`^${name} ${happened}, .*: compare before and after$`),
  });
  const changes = app.window.getByRole('region', { name: 'What changed' });
  const sentences = changes.getByRole('listitem');
  const told = async (): Promise<readonly string[] | undefined> => {
    if (await ui.button('End').isVisible()) await ui.button('End').click();
    await ui.service(name).click();
    if ((await ui.button('Live').getAttribute('aria-pressed')) !== 'true') await ui.button('Live').click();
    await proposal.waitFor({ timeout: 60_000 });
    await proposal.click();
    // It is judged by windows, whatever comes of that.
    await changes.getByText(/\d+ \+ \d+ windows/).waitFor({ timeout: 60_000 });
    const all = await sentences.allInnerTexts();
    if (all.length >= certain) return all;
    throw new Error((await changes.innerText()).slice(0, 1000));
  };
  const all = await waitFor(`${certain} certain changes of ${name}`, told, {
    timeoutMs: longestWaitMs,
    everyMs: 15_000,
  });
  await app.screenshot(`changed-${service}`);
  return all;
}

const testMs = longestWaitMs + 120_000;

test(
  'the app proposes to compare a deploy, and its first sentence names the function that became slower',
  async () => {
    const [first] = await proposed('web', 'was deployed', 1);
    expect(first).toMatch(/^add_shipping\s/);
  },
  testMs,
);

test(
  'of a worker that also hashes, sums up and counts characters, these are what changed',
  async () => {
    const sentences = await proposed('worker', 'was deployed', 3);
    expect(
      sentences
        .slice(0, 3)
        .map((each) => /^\w+/.exec(each)?.[0])
        .sort(),
    ).toEqual(['aggregate', 'count_characters', 'fingerprint']);
  },
  testMs,
);

test(
  'of an export that writes Avro in the place of JSON, both writers are what changed',
  async () => {
    const [first = '', second = ''] = await proposed('export', 'was deployed', 2);
    const gone = [first, second].find((each) => each.includes('gone'));
    const added = [first, second].find((each) => each.includes('new'));
    expect(gone).toMatch(/^(?:dumps|encode|iterencode|.*_json)/);
    expect(added).toMatch(/^(?:schemaless_writer|.*_write)/);
  },
  testMs,
);

test(
  'the app proposes to compare before and after a restart',
  async () => {
    // The same program: that something is certain of it is allowed in 5 of 100 comparisons, so that nobody asks for none.
    const sentences = await proposed('steady', 'restarted', 0);
    process.stderr.write(`certain after a restart without a change: ${sentences.length}\n`);
  },
  testMs,
);
