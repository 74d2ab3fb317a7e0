import type { WorkStep } from '../../contract/decoder.js';

const words: Readonly<Record<WorkStep, string>> = {
  reading: 'Reading',
  unpacking: 'Unpacking',
  decoding: 'Decoding',
  rewriting: 'Computing',
  'laying-out': 'Drawing',
};

/** What a step of the decoder's work is called on the screen. */
export function stepWords(step: WorkStep): string {
  return words[step];
}
