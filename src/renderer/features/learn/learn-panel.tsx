import { useCallback, useEffect, useMemo, type ReactElement } from 'react';
import { useApp, useControls } from '../../app/workbench.js';
import { useCell } from '../../state/cell.js';
import { endLearning, finishLesson, goToLesson, showsLesson, startLearning } from '../../state/learn-control.js';
import { lessonIds, type Learning, type LessonId } from '../../state/learning.js';
import { Button, IconButton } from '../../ui/button.js';
import { CloseIcon } from '../../ui/icons.js';
import { factsOf } from './facts.js';
import { lessons, type Reply } from './lessons.js';

/** The guide, beside a real recording: each lesson asks for one thing and notices when it is done. */
export function LearnPanel({ learning }: { readonly learning: Learning }): ReactElement {
  const controls = useControls();
  const { lesson, done } = learning;
  const close = useCallback(() => {
    endLearning(controls);
  }, [controls]);
  return (
    <aside className="learn" aria-label="Learn">
      <header className="learn-head">
        <h2>Learn to read flame graphs</h2>
        <span className="mute">
          {done.length} of {lessonIds.length}
        </span>
        <IconButton className="push" label="Close the guide" onClick={close}>
          <CloseIcon />
        </IconButton>
      </header>
      <ol className="learn-body scroll">
        {lessonIds.map((id, index) => (
          <li key={id} className={id === lesson ? 'on' : undefined}>
            <LessonHeading id={id} number={index + 1} done={done.includes(id)} current={id === lesson} />
            {id === lesson ? <LessonBody key={id} id={id} done={done.includes(id)} close={close} /> : null}
          </li>
        ))}
      </ol>
    </aside>
  );
}

interface HeadingProps {
  readonly id: LessonId;
  readonly number: number;
  readonly done: boolean;
  readonly current: boolean;
}

function LessonHeading({ id, number, done, current }: HeadingProps): ReactElement {
  const controls = useControls();
  const go = useCallback(() => {
    void goToLesson(controls, id); // shows its own failure
  }, [controls, id]);
  return (
    <button type="button" className="learn-lesson" aria-current={current ? 'step' : undefined} onClick={go}>
      <span className="learn-number" data-done={done} aria-hidden="true">
        {done ? '✓' : number}
      </span>
      {lessons[id].title}
      {done ? <span className="hidden-visually">, done</span> : null}
    </button>
  );
}

interface BodyProps {
  readonly id: LessonId;
  readonly done: boolean;
  readonly close: () => void;
}

function LessonBody({ id, done, close }: BodyProps): ReactElement {
  const controls = useControls();
  const { text, task } = lessons[id];
  const shown = useApp(showsLesson);
  const reply = useReply(id);
  const right = reply?.done === true;
  useEffect(() => {
    if (right) finishLesson(controls, id);
  }, [controls, id, right]);
  const next = lessonIds[lessonIds.indexOf(id) + 1];
  const go = useCallback(() => {
    if (next === undefined) close();
    else void goToLesson(controls, next); // shows its own failure
  }, [controls, next, close]);
  const again = useCallback(() => {
    void goToLesson(controls, id); // shows its own failure
  }, [controls, id]);
  return (
    <div className="learn-text">
      {text.map((paragraph) => (
        <p key={paragraph}>{paragraph}</p>
      ))}
      <p className="learn-task">{task}</p>
      <p className="learn-reply" role="status" data-done={right}>
        {reply?.text ?? ''}
      </p>
      <div className="learn-foot">
        {shown ? null : <Button onClick={again}>Show the recording</Button>}
        <Button tone={right || done ? 'accent' : 'quiet'} onClick={go}>
          {next === undefined ? 'Finish' : right || done ? 'Next' : 'Skip'}
        </Button>
      </div>
    </div>
  );
}

/** What the lesson says to what is on the screen; null while that is something else, or nothing was done. */
function useReply(id: LessonId): Reply | null {
  const { store, flame, found } = useControls();
  const shown = useApp(showsLesson);
  const ready = useApp((state) => state.viewPhase === 'ready');
  const tab = useApp((state) => state.tab);
  const split = useApp((state) => state.split);
  const search = useApp((state) => state.search);
  const selectedPath = useApp((state) => state.selectedPath);
  const model = useCell(flame);
  const result = useCell(found);
  const complete = model?.complete === true;
  return useMemo(() => {
    if (!shown || !ready || model === null || !complete) return null;
    return lessons[id].reply(factsOf({ ...store.getState(), tab, split, search, selectedPath }, model, result));
  }, [store, id, shown, ready, model, complete, tab, split, search, selectedPath, result]);
}

/** Opens the guide. */
export function LearnButton(): ReactElement {
  const controls = useControls();
  const start = useCallback(() => {
    void startLearning(controls); // shows its own failure
  }, [controls]);
  return (
    <Button tone="quiet" onClick={start}>
      Learn to read a flame graph
    </Button>
  );
}
