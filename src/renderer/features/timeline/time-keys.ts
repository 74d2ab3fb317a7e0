/** What a key does to the time that a timeline shows. */
export type TimeKey =
  | { readonly kind: 'zoom'; readonly factor: number }
  /** By a share of what is shown; later is positive. */
  | { readonly kind: 'pan'; readonly share: number };

const zoomFactor = 1.5;
const panShare = 0.25;

/** W and S zoom in and out, A and D go back and on; undefined of other keys. */
export function timeKey(key: string): TimeKey | undefined {
  switch (key.toLowerCase()) {
    case 'w':
      return { kind: 'zoom', factor: 1 / zoomFactor };
    case 's':
      return { kind: 'zoom', factor: zoomFactor };
    case 'a':
      return { kind: 'pan', share: -panShare };
    case 'd':
      return { kind: 'pan', share: panShare };
    default:
      return undefined;
  }
}
