/** What a hostile server says must not move the terminal's cursor. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
