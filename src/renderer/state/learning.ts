/** The lessons of the guide, in their order. */
export const lessonIds = ['width', 'order', 'depth', 'self', 'cpu', 'sandwich', 'traps', 'diff'] as const;
export type LessonId = (typeof lessonIds)[number];

/** Where the reader of the guide is. */
export interface Learning {
  readonly lesson: LessonId;
  /** Lessons whose task was done. */
  readonly done: readonly LessonId[];
}
