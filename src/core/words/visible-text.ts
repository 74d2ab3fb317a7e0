/**
 * What would change how other text is read, or not be seen at all: C0 and C1 controls, soft hyphen, zero-width and
 * bidi characters, line and paragraph separators, variation selectors' invisible kin, byte order marks, tags, and
 * halves of surrogate pairs.
 */
const hidden =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Surrogate}/u;
const hiddenEverywhere = new RegExp(hidden.source, 'gu');

function show(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  // Signs that both of our fonts have: a picture of a control character would itself be an empty box.
  return `\u2039U+${code.toString(16).toUpperCase().padStart(4, '0')}\u203a`;
}

/**
 * Hostile text made harmless to look at: control and bidi characters are shown instead of obeyed. Names of hosts,
 * containers, functions and files go through here on their way to the screen. Other text is returned as it is.
 *
 * Example: "a\u202Eb\n" is shown as "a‹U+202E›b‹U+000A›".
 */
export function visibleText(text: string): string {
  return hidden.test(text) ? text.replace(hiddenEverywhere, show) : text;
}
