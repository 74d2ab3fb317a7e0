/** Moves the focus among elements by a step, around the ends. */
export function moveFocus(items: readonly HTMLElement[], step: number): void {
  if (items.length === 0) return;
  const index = items.findIndex((item) => item === document.activeElement);
  const next = index === -1 ? (step > 0 ? 0 : items.length - 1) : (index + step + items.length) % items.length;
  items[next]?.focus();
}
