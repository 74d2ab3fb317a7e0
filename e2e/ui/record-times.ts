import type { Locator } from 'playwright-core';
import type { App } from '../app';
import type { Driver } from './driver';

/** Begins a recording on this computer, which one with times goes on beside. */
export async function recordHere(ui: Driver): Promise<void> {
  await ui.target('This computer').click();
  await ui.button('Record').first().click();
  await ui.targetState('This computer', /recording/, 120_000);
}

/** Begins a recording with times on this computer; answers its dialog. */
export async function beginTimes({ window }: App, ui: Driver, length: '10 s' | '1 min'): Promise<Locator> {
  await ui.button('More for This computer').click();
  await window.getByRole('menuitem', { name: /^Record with times/ }).click();
  await window.getByRole('radio', { name: length }).click();
  const dialog = window.getByRole('dialog', { name: /^Record with times on/ });
  await dialog.getByRole('button', { name: 'Record', exact: true }).click();
  return dialog;
}

/** Waits until it is over, and its heat map is shown. */
export async function heatMapShown({ window }: App): Promise<void> {
  await window.getByRole('tab', { name: 'Heat map', selected: true }).waitFor({ timeout: 60_000 });
}
