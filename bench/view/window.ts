import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, type CDPSession, type Page } from 'playwright-core';
import { inputToPresented, recordTrace, smoothness, type Smoothness } from './trace.js';

/** How to open a window of Electron. */
export interface WindowOptions {
  /** The folder of the app that runs in it. */
  readonly app: string;
  readonly args: readonly string[];
  readonly display: string;
  /** Kept between starts, so that all but the first are warm. */
  readonly home: string;
  /** Device pixels for one of CSS. */
  readonly scale: 1 | 2;
  /** Resolves once a person could use it. */
  readonly usable: (page: Page) => Promise<void>;
}

/** A window of Electron, driven through the DevTools protocol. */
export interface BenchWindow {
  readonly page: Page;
  /** From starting the program to a usable window, milliseconds. */
  readonly startMs: number;
  /** From an input to the frame that shows what it leads to, milliseconds. `done` is JavaScript that the page asks once a frame. */
  timed(input: InputEvent, act: (input: Inputs) => Promise<void>, done: string): Promise<number>;
  /**
   * The same of what the canvas of our flame graph says of itself: `drawn` is JavaScript about its dataset, `data`. The page is not asked
   * once a frame, which would have it make frames that nobody needs.
   */
  drawn(input: InputEvent, act: (input: Inputs) => Promise<void>, drawn: string): Promise<number>;
  /** Drags over points of the page, one after the other: for each from its event to the frame with another flame graph, milliseconds. */
  dragged(points: readonly Point[]): Promise<readonly number[]>;
  /** Zooms in around a point of the page, drags to and fro, zooms out: the picture changes in each frame. */
  gesture(at: Point): Promise<Smoothness>;
  /** Sum of PSS of all processes, MB. */
  memoryMb(): number;
  dispose(): Promise<void>;
}

type InputEvent = 'keydown' | 'click' | 'drop';

/** A point of the page, CSS pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Inputs as the browser itself would get them. */
export interface Inputs {
  readonly press: (keys: string) => Promise<void>;
  readonly click: (at: Point) => Promise<void>;
  readonly drop: (file: string, at: Point) => Promise<void>;
}

/** The project's own folder. */
export const repositoryFolder = join(import.meta.dirname, '../..');

const farSteps = 60;
/** A pointer of 125 Hz: more often than frames, so that each has an input of its own. */
const pointerMs = 8;
/** A profile of a million samples takes some tools long. */
const patienceMs = 240_000;
const control = 2;

/** Starts Electron and waits until its window is usable. */
export async function openBenchWindow(options: WindowOptions): Promise<BenchWindow> {
  const begin = Date.now();
  const child = spawn(
    electronPath(),
    [
      options.app,
      '--no-sandbox',
      '--disable-gpu',
      '--remote-debugging-port=0',
      `--force-device-scale-factor=${options.scale}`,
      ...options.args,
    ],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        DISPLAY: options.display,
        HOME: options.home,
        XDG_CONFIG_HOME: join(options.home, '.config'),
        XDG_RUNTIME_DIR: options.home,
        TMPDIR: options.home,
        LANG: 'C.UTF-8',
        TZ: 'UTC',
      },
    },
  );
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  let log = '';
  const address = new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    void gone.then(() => {
      reject(new Error(`Electron ended before its window was open:\n${log}`));
    });
    child.stderr.on('data', (chunk: Buffer) => {
      log = `${log}${chunk.toString('utf8')}`.slice(-10_000);
      const found = /DevTools listening on (ws:\S+)/.exec(log)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  const end = async (): Promise<void> => {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await gone;
    clearTimeout(late);
  };
  try {
    const browser = await chromium.connectOverCDP(await address);
    const [context] = browser.contexts();
    if (context === undefined) throw new Error('Electron has no browser context');
    const page = context.pages()[0] ?? (await context.waitForEvent('page'));
    page.setDefaultTimeout(patienceMs);
    await options.usable(page);
    const usableAt = await page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          requestAnimationFrame(() => {
            resolve(performance.timeOrigin + performance.now());
          });
        }),
    );
    const session = await context.newCDPSession(page);
    return {
      page,
      startMs: usableAt - begin,
      dragged: (points) => dragged(page, session, points),
      timed: (input, act, done) => timed(page, session, act, `(${watch.toString()})('${input}', () => ${done})`),
      drawn: (input, act, drawn) =>
        timed(page, session, act, `(${watchCanvas.toString()})('${input}', (data) => ${drawn})`),
      gesture: (at) => gesture(session, at),
      memoryMb: () => memoryMb(child.pid ?? 0),
      dispose: end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

interface Watched {
  readonly whenDone: Promise<void>;
}

/** Runs in the page: sets marks at the input's own time, in the frame in which it was first seen to be done, and in the one after it. */
function watch(input: InputEvent, isDone: () => boolean): Watched {
  const whenDone = new Promise<void>((resolve) => {
    const look = (): void => {
      if (!isDone()) {
        requestAnimationFrame(look);
        return;
      }
      performance.mark('bench-seen');
      // What a framework draws after it changed the document comes with the next frame.
      requestAnimationFrame(() => {
        performance.mark('bench-done');
        resolve();
      });
    };
    const begin = ({ timeStamp }: Event): void => {
      performance.mark('bench-begin', { startTime: timeStamp });
      requestAnimationFrame(look);
    };
    addEventListener(input, begin, { capture: true, once: true });
  });
  return { whenDone };
}

/** Runs in the page: marks when the input came, and the frame that draws what the canvas says that it shows. */
function watchCanvas(input: InputEvent, isDrawn: (data: DOMStringMap) => boolean): Watched {
  const canvas = document.querySelector<HTMLElement>('[aria-label="Flame graph"] canvas');
  if (canvas === null) throw new Error('there is no flame graph to watch');
  const whenDone = new Promise<void>((resolve) => {
    const observer = new MutationObserver(() => {
      if (!isDrawn(canvas.dataset)) return;
      observer.disconnect();
      // It says so when it has asked for a frame: this one comes right behind it.
      requestAnimationFrame(() => {
        performance.mark('bench-done');
        resolve();
      });
    });
    observer.observe(canvas, { attributes: true });
  });
  const begin = ({ timeStamp }: Event): void => {
    performance.mark('bench-begin', { startTime: timeStamp });
  };
  addEventListener(input, begin, { capture: true, once: true });
  return { whenDone };
}

/** `watching`: JavaScript that begins to watch in the page, see {@link Watched}. */
async function timed(
  page: Page,
  session: CDPSession,
  act: (input: Inputs) => Promise<void>,
  watching: string,
): Promise<number> {
  const watched = await page.evaluateHandle<Watched>(watching);
  const events = await recordTrace(session, async () => {
    const begin = performance.now();
    await act(inputsOf(page, session));
    const inTime = await Promise.race([
      watched.evaluate(({ whenDone }) => whenDone).then(() => true),
      sleep(patienceMs, false, { ref: false }),
    ]);
    if (!inTime) throw new Error(`after ${patienceMs / 1000} s it was still not so: ${watching}`);
    // The frame is on its way, which is long for a document of a hundred thousand elements.
    await sleep(1000 + performance.now() - begin);
  });
  await watched.dispose();
  return inputToPresented(events, 'bench-begin', 'bench-done', 'bench-seen');
}

/** Marks when a pointer's event came and when the canvas said of itself, while it drew, that it shows another total. */
function watchStep(step: number): Watched {
  const canvas = document.querySelector('[aria-label="Flame graph"] canvas');
  if (canvas === null) throw new Error('there is no flame graph to watch');
  const whenDone = new Promise<void>((resolve) => {
    const observer = new MutationObserver((records) => {
      // It says so with every frame that it draws.
      if (records.every(({ oldValue }) => oldValue === canvas.getAttribute('data-total'))) return;
      performance.mark(`bench-done-${step}`);
      observer.disconnect();
      resolve();
    });
    observer.observe(canvas, { attributeFilter: ['data-total'], attributeOldValue: true });
    addEventListener(
      'pointermove',
      ({ timeStamp }) => {
        performance.mark(`bench-begin-${step}`, { startTime: timeStamp });
      },
      { capture: true, once: true },
    );
  });
  return { whenDone };
}

async function dragged(page: Page, session: CDPSession, points: readonly Point[]): Promise<readonly number[]> {
  const [first, ...steps] = points;
  if (first === undefined) return [];
  const send = (type: 'mousePressed' | 'mouseMoved' | 'mouseReleased', at: Point): Promise<unknown> =>
    session.send('Input.dispatchMouseEvent', { type, ...at, button: 'left', buttons: 1, clickCount: 1 });
  await send('mousePressed', first);
  const events = await recordTrace(session, async () => {
    for (const [step, at] of steps.entries()) {
      const watched = await page.evaluateHandle<Watched>(`(${watchStep.toString()})(${step})`);
      await send('mouseMoved', at);
      const inTime = await Promise.race([
        watched.evaluate(({ whenDone }) => whenDone).then(() => true),
        sleep(patienceMs, false, { ref: false }),
      ]);
      await watched.dispose();
      if (!inTime) throw new Error(`step ${step} of the drag changed nothing`);
    }
    await sleep(500); // the last frame is on its way
  });
  await send('mouseReleased', steps.at(-1) ?? first);
  return steps.map((_, step) => inputToPresented(events, `bench-begin-${step}`, `bench-done-${step}`));
}

function electronPath(): string {
  const runtime = join(repositoryFolder, 'node_modules/electron');
  return join(runtime, 'dist', readFileSync(join(runtime, 'path.txt'), 'utf8').trim());
}

function inputsOf(page: Page, session: CDPSession): Inputs {
  return {
    press: (keys) => page.keyboard.press(keys),
    click: ({ x, y }) => page.mouse.click(x, y),
    drop: async (file, { x, y }) => {
      const data = { items: [], files: [file], dragOperationsMask: 1 };
      for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
        await session.send('Input.dispatchDragEvent', { type, x, y, data });
      }
    },
  };
}

async function gesture(session: CDPSession, { x, y }: Point): Promise<Smoothness> {
  // Nobody waits for the answers: a pointer does not either.
  const sent: Promise<unknown>[] = [];
  const send = async (event: Parameters<typeof session.send<'Input.dispatchMouseEvent'>>[1]): Promise<void> => {
    sent.push(session.send('Input.dispatchMouseEvent', event));
    await sleep(pointerMs);
  };
  const wheel = async (deltaY: number): Promise<void> => {
    for (let step = 0; step < farSteps; step++) {
      await send({ type: 'mouseWheel', x, y, deltaX: 0, deltaY, modifiers: control });
    }
  };
  const events = await recordTrace(session, async () => {
    await send({ type: 'mouseMoved', x, y });
    await wheel(-20);
    await send({ type: 'mousePressed', x, y, button: 'left', buttons: 1, clickCount: 1 });
    for (let step = 1; step <= 2 * farSteps; step++) {
      const far = step <= farSteps ? step : 2 * farSteps - step;
      await send({ type: 'mouseMoved', x: x - 3 * far, y: y - far, button: 'left', buttons: 1 });
    }
    await send({ type: 'mouseReleased', x, y, button: 'left', buttons: 0, clickCount: 1 });
    await wheel(20);
    await Promise.all(sent);
    await sleep(300); // the last frame is on its way
  });
  return smoothness(events);
}

/** PSS of a process and all below it. */
function memoryMb(pid: number): number {
  const own = Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1024;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  return children.reduce((sum, child) => sum + memoryMb(child), own);
}
