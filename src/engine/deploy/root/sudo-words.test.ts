import { describe, expect, it } from 'vitest';
import { SudoWords } from './sudo-words.js';

const prompt = 'pyrometer-0b7ad3c5-8f5f-4d5a-9d3f-000000000001:';
const mark = 'pyrometer-0b7ad3c5-8f5f-4d5a-9d3f-000000000002';

function heardOf(pieces: readonly string[]): string {
  let heard = '';
  const words = new SudoWords(prompt, mark, {
    onPrompt: () => (heard += 'p'),
    onMark: () => (heard += 'm'),
  });
  for (const piece of pieces) words.take(piece);
  return heard;
}

describe('SudoWords', () => {
  const lecture = 'We trust you have received the usual lecture.\npyrometer-other\npyrometer-';
  const said = `${lecture}\n${prompt}Sorry, try again.\n${prompt}${mark}\nroot's words`;

  it.each<[string, readonly string[]]>([
    ['at once', [said]],
    ['byte by byte', Array.from(said)],
    ['in two', [said.slice(0, lecture.length + 20), said.slice(lecture.length + 20)]],
  ])('hears prompts and the mark %s', (_how, pieces) => {
    expect(heardOf(pieces)).toBe('ppm');
  });

  it('hears nothing of what only looks like them', () => {
    expect(heardOf([prompt.slice(0, -1), `x${prompt.slice(0, -2)}2:`, `${mark}x\n`, 'pyrometer-'.repeat(100)])).toBe(
      '',
    );
  });
});
