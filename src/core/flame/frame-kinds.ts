/** Where a frame comes from. Stored and sent as an index into this list: append only. */
export const frameKinds = [
  'unknown',
  'native',
  'kernel',
  'python',
  'javascript',
  'jvm',
  'ruby',
  'php',
  'perl',
  'dotnet',
  'go',
  'error',
] as const;
export type FrameKind = (typeof frameKinds)[number];

/** The number that stands for a kind in a column. */
export function frameKindIndex(kind: FrameKind): number {
  return frameKinds.indexOf(kind);
}

/** The kind that a number of a column stands for. */
export function frameKindAt(index: number): FrameKind {
  return frameKinds[index] ?? 'unknown';
}
