/** Longer files are not read: nobody wrote them. */
export const mostCodeBytes = 2 * 1024 * 1024;

/** Why a file is not shown, in a sentence. */
export const flaws = {
  missing: 'It is not there.',
  folder: 'That is a folder.',
  special: 'That is no regular file.',
  unreadable: 'It may not be read.',
  tooLarge: 'It has more than 2 MB.',
  binary: 'It is no text.',
} as const;

/** The text of a file; undefined for what is none. What is not UTF-8 becomes U+FFFD. */
export function textOf(bytes: Uint8Array): string | undefined {
  return bytes.includes(0) ? undefined : Buffer.from(bytes).toString('utf8');
}
