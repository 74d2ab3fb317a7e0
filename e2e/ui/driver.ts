import type { Locator, Page } from 'playwright-core';
import { waitFor } from '../world/support/wait';

/** What a person does in the window, by the names that a person sees. */
export interface Driver {
  /** A target's row, by its name. */
  target(name: string): Locator;
  /** Waits until a target's row says a state: "recording", "profiling", "stopped", ... */
  targetState(name: string, state: RegExp, timeoutMs?: number): Promise<void>;
  /** A service's row. */
  service(name: string): Locator;
  button(name: string): Locator;
  /** Waits until the flame graph of what is chosen is drawn whole; answers its total. */
  graph(timeoutMs?: number): Promise<number>;
  /** Searches; answers the matching names, waiting for new windows until there are some. */
  find(text: string, timeoutMs?: number): Promise<readonly string[]>;
  /** The rows of the graph's tree grid that are there: those around the selected frame. Their text is name and share. */
  frames(): Locator;
  selectedFrame(): Locator;
  /** Searches for a function that is in the graph, and selects the first of its frames. */
  select(name: string): Promise<void>;
  /** The names that match in the graph that is shown now. */
  findNow(text: string): Promise<readonly string[]>;
}

/** Drives the first window of the app. */
export function drive(window: Page): Driver {
  const targets = window.getByRole('list', { name: 'Targets' });
  const target = (name: string): Locator => targets.getByRole('button', { name, exact: true });
  const canvas = window.locator('[aria-label="Flame graph"] canvas');
  const findNow = async (text: string): Promise<readonly string[]> => {
    const field = window.getByLabel('Search functions');
    if ((await field.inputValue()) !== text) await field.fill(text);
    // Until the search that follows, the names are those of what was searched for before.
    const matches = window.getByRole('list', { name: 'Search matches' });
    const searched = matches.and(window.locator(`[data-query=${JSON.stringify(text)}]`));
    await searched.first().waitFor({ state: 'attached', timeout: 10_000 });
    return matches.getByRole('listitem').allTextContents();
  };
  const grid = window.getByRole('treegrid', { name: 'Flame graph' });
  const frames = (): Locator => grid.locator('[role="row"][aria-level]');
  const selectedFrame = (): Locator => frames().and(window.locator('[aria-selected="true"]'));
  return {
    target,
    frames,
    selectedFrame,
    select: async (name) => {
      // Between two graphs nothing is found, and the key goes to none: it is pressed until it was heard.
      await waitFor(
        `a frame of ${name} to be selected`,
        async () => {
          await findNow(name);
          if ((await selectedFrame().allInnerTexts()).some((text) => text.includes(name))) return true;
          await grid.press('F3');
          return undefined;
        },
        { timeoutMs: 30_000, everyMs: 100 },
      );
    },
    targetState: (name, state, timeoutMs = 60_000) =>
      waitFor(
        `${name} to be ${String(state)}`,
        async () => {
          const label = (await target(name).getAttribute('aria-description')) ?? '';
          if (state.test(label)) return true;
          throw new Error(`it is "${label}": ${(await target(name).getAttribute('title')) ?? ''}`);
        },
        { timeoutMs, everyMs: 100 },
      ).then(() => undefined),
    service: (name) =>
      window.getByRole('list', { name: 'Services' }).getByRole('button', { name: new RegExp(`^${name}\\b`) }),
    button: (name) => window.getByRole('button', { name, exact: true }),
    graph: async (timeoutMs = 60_000) => {
      await canvas.and(window.locator('[data-state="ready"][data-next="none"]')).waitFor({ timeout: timeoutMs });
      return Number(await canvas.getAttribute('data-total'));
    },
    findNow,
    find: (text, timeoutMs = 90_000) =>
      waitFor(
        `a function like "${text}" in the graph`,
        async () => {
          const names = await findNow(text);
          return names.length > 0 ? names : undefined;
        },
        { timeoutMs, everyMs: 250 },
      ),
  };
}
