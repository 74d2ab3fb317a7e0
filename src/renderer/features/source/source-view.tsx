import { useCallback, useMemo, useState, type ReactElement, type ReactNode } from 'react';
import { useApp, useControls } from '../../app/workbench.js';
import { useEscape } from '../../app/use-escape.js';
import { useLate } from '../../app/use-late.js';
import { frameAtPath } from '../../flame/find-frames.js';
import type { FlameModel } from '../../flame/model.js';
import { visibleText } from '../../format/visible-text.js';
import { useCell } from '../../state/cell.js';
import { showTab } from '../../state/panes.js';
import { Button } from '../../ui/button.js';
import { FailureDetail } from '../../ui/failure-notice.js';
import { Spinner } from '../../ui/icons.js';
import { CodeNotFound } from './code-not-found.js';
import { compareTexts } from './compared-texts.js';
import { SourceFile } from './source-file.js';
import { placeOfCode, useCode, useLines } from './use-code.js';

/** The function whose source is shown. */
interface Subject {
  /** Of the selected frame. */
  readonly path: readonly string[];
  readonly name: string;
  /** As the profile names it; "": it names none. */
  readonly file: string;
}

/** The source file of the selected frame's function, with what each line costs. */
export function SourceView(): ReactElement {
  const { flame } = useControls();
  const model = useCell(flame);
  const selectedPath = useApp((state) => state.selectedPath);
  const [kept, setKept] = useState<Subject | null>(null);
  const found = model === null ? null : subjectAt(model, selectedPath);
  if (found !== null && !isSame(found.subject, kept)) setKept(found.subject);
  // In a live view a window may have no sample of it: what is open stays open.
  const subject = found?.subject ?? (kept !== null && isSamePath(kept.path, selectedPath) ? kept : null);
  if (model === null) return <div className="table-wait" />;
  if (subject === null)
    return model.complete || selectedPath.length === 0 ? <NothingChosen /> : <div className="table-wait" />;
  if (subject.file === '') return <NoFile name={subject.name} />;
  return <Source key={subject.file} file={subject.file} viewId={model.viewId} functionIndex={found?.functionIndex} />;
}

function subjectAt(
  model: FlameModel,
  path: readonly string[],
): { readonly subject: Subject; readonly functionIndex: number } | null {
  const node = frameAtPath(model, path);
  if (node <= 0) return null;
  const functionIndex = model.functionOf(node);
  return {
    subject: { path, name: model.nameOf(functionIndex), file: model.sourceFileOf(functionIndex) },
    functionIndex,
  };
}

function isSame(one: Subject, other: Subject | null): boolean {
  return other !== null && one.file === other.file && one.name === other.name && isSamePath(one.path, other.path);
}

function isSamePath(one: readonly string[], other: readonly string[]): boolean {
  return one === other || (one.length === other.length && one.every((name, index) => name === other[index]));
}

interface SourceProps {
  readonly file: string;
  readonly viewId: string;
  /** Absent where the view on the screen does not have the function. */
  readonly functionIndex: number | undefined;
}

/** One file, read anew when it may be another one. */
function Source(props: SourceProps): ReactElement {
  const place = useApp(placeOfCode);
  const folders = useApp((state) => state.codeFolders);
  const [attempt, setAttempt] = useState(0);
  const again = useCallback(() => {
    setAttempt((before) => before + 1);
  }, []);
  return <Code key={JSON.stringify([place, folders, attempt])} {...props} onAgain={again} />;
}

interface CodeProps extends SourceProps {
  readonly onAgain: () => void;
}

/** What its lines cost is asked for with each view, by the lines of each side where both have texts of their own. */
function Code({ file, viewId, functionIndex, onAgain }: CodeProps): ReactElement {
  const { state, cancel } = useCode(file, 'comparison');
  const { state: baseline } = useCode(file, 'baseline');
  const found = state.phase === 'read' ? state.answer.found : null;
  const texts = useMemo(() => (found === null ? {} : compareTexts(found, baseline)), [found, baseline]);
  const lines = useLines(viewId, functionIndex, file, texts.byText !== undefined);
  switch (state.phase) {
    case 'none':
    case 'alike':
    case 'reading':
      return <Reading file={file} onCancel={cancel} />;
    case 'failed':
      return (
        <Message title={`${lastPart(file)} is not shown`} text={visibleText(state.failure.message)}>
          <FailureDetail detail={state.failure.detail} />
          <Button onClick={onAgain}>Try again</Button>
        </Message>
      );
    case 'read':
      return state.answer.found === null ? (
        <CodeNotFound file={file} looks={state.answer.looks} table={lines.table} onAgain={onAgain} />
      ) : (
        <SourceFile file={file} found={state.answer.found} lines={lines} texts={texts} />
      );
  }
}

function lastPart(file: string): string {
  return visibleText(file.slice(file.lastIndexOf('/') + 1));
}

/** When it is worth a word. */
const noticedMs = 300;
const longMs = 2000;

function Reading({ file, onCancel }: { readonly file: string; readonly onCancel: () => void }): ReactElement {
  const noticed = useLate(true, noticedMs);
  const long = useLate(true, longMs);
  useEscape(long, onCancel);
  if (!noticed) return <div className="table-wait" />;
  return (
    <div className="empty" role="status">
      <div className="empty-mark">
        <Spinner />
      </div>
      <h1>Reading {lastPart(file)}</h1>
      <p>{long ? 'It is looked for where it ran, then in the folders that you chose on this computer.' : ''}</p>
      {long ? (
        <Button onClick={onCancel} title="Esc">
          Cancel
        </Button>
      ) : null}
    </div>
  );
}

function NothingChosen(): ReactElement {
  const { store } = useControls();
  const show = useCallback(() => {
    store.setState((state) => showTab(state, 'flame'));
  }, [store]);
  return (
    <Message
      title="The source of a function"
      text="Select a frame in the flame graph, the table or the tree: here you see its file, and what each line costs."
    >
      <Button tone="accent" onClick={show}>
        Show the flame graph
      </Button>
    </Message>
  );
}

function NoFile({ name }: { readonly name: string }): ReactElement {
  return (
    <Message
      title={visibleText(name)}
      text="The profile names no source file for this function. Native code has one where debug information is found; the kernel and the insides of an interpreter have none."
    />
  );
}

interface MessageProps {
  readonly title: string;
  readonly text: string;
  readonly children?: ReactNode;
}

function Message({ title, text, children }: MessageProps): ReactElement {
  return (
    <div className="empty">
      <h1>{title}</h1>
      <p>{text}</p>
      {children}
    </div>
  );
}
