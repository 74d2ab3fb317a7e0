/** Scrolls a list of rows of one height as little as is needed to see one of them. */
export function scrollToRow(box: HTMLElement, index: number, rowPx: number): void {
  const top = index * rowPx;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + rowPx > box.scrollTop + box.clientHeight) box.scrollTop = top + rowPx - box.clientHeight;
}
