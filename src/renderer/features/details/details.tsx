import { useCallback, useRef, useState, type ReactElement } from 'react';
import { ancestorsOf, childrenOf } from '../../../core/flame/navigate.js';
import { useApp, useControls } from '../../app/workbench.js';
import { frameAtPath } from '../../flame/find-frames.js';
import type { FlameModel } from '../../flame/model.js';
import { isDirection, nodeNumbers } from '../../flame/node-words.js';
import { formatCount, formatShare } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import { useCell } from '../../state/cell.js';
import { showTab } from '../../state/panes.js';
import type { AppState } from '../../state/store.js';
import { Button } from '../../ui/button.js';
import { ChangesPanel } from '../compare/changes-panel.js';
import { MomentsPanel } from '../compare/moments-panel.js';
import { Explanation, NumberButton } from '../guidance/explanation.js';
import { totalFigure, type Figure } from '../guidance/figures.js';
import { figureOfNode, figuresOfNode } from '../guidance/node-figures.js';
import { figuresOfOverview } from '../guidance/whole-figures.js';
import { useFigures } from '../guidance/find-figures.js';
import { SummaryPanel } from '../guidance/summary-panel.js';
import { TrustPanel } from '../trust/trust-panel.js';
import { viewNumbers } from './view-numbers.js';

/** The selected frame; without one, what is open. */
export function Details(): ReactElement {
  const { flame, store } = useControls();
  const model = useCell(flame);
  const selectedPath = useApp((state) => state.selectedPath);
  const panel = useRef<HTMLElement>(null);
  const node = model === null ? -1 : frameAtPath(model, selectedPath);
  const explained = useExplained();
  useFigures(panel, ({ target }) => {
    const state = store.getState();
    const stackLine = target.closest<HTMLElement>('.stack-line');
    if (model !== null && stackLine !== null) return figuresOfNode(state, model, Number(stackLine.dataset['node']));
    const row = target.closest('.numbers tbody tr');
    const label = row?.querySelector('th')?.textContent ?? '';
    if (row === null || label === '') return null;
    if (model === null || node <= 0) {
      const cell = [...row.querySelectorAll('td')].findIndex((each) => each.contains(target));
      return figuresOfOverview(state, label, cell === 1 ? 1 : 0);
    }
    const set = figuresOfNode(state, model, node);
    return {
      ...set,
      chosen: Math.max(
        0,
        set.figures.findIndex((figure) => figure.label === label),
      ),
    };
  });
  return (
    <aside ref={panel} className="details scroll" aria-label="Details" data-hint="details">
      {model !== null && node > 0 ? (
        <FrameDetails model={model} node={node} explained={explained} />
      ) : (
        <ViewDetails explained={explained} />
      )}
    </aside>
  );
}

/** Which number is unfolded to how it came about, by its label; it stays so when another frame is selected. */
interface Explained {
  readonly label: string;
  readonly toggle: (label: string) => void;
}

function useExplained(): Explained {
  const [label, setLabel] = useState('');
  const toggle = useCallback((next: string) => {
    setLabel((before) => (before === next ? '' : next));
  }, []);
  return { label, toggle };
}

interface FrameProps {
  readonly model: FlameModel;
  readonly node: number;
}

interface FrameDetailsProps extends FrameProps {
  readonly explained: Explained;
}

function FrameDetails({ model, node, explained }: FrameDetailsProps): ReactElement {
  const { store, shell } = useControls();
  const { graph } = model;
  const index = model.functionOf(node);
  const name = model.nameOf(index);
  const former = model.formerNames.get(index);
  const { file, library, buildId } = model.originOf(index);
  const numbers = nodeNumbers(model, node);
  const withCaller = numbers.some(({ ofCaller }) => ofCaller !== '');
  const shares = withCaller ? 2 : 1;
  const callees = childrenOf(graph, node);
  const callers = ancestorsOf(graph, node).slice(1, -1).reverse();
  const zoom = useCallback(() => {
    store.setState((state) => ({ zoomPath: state.selectedPath }));
  }, [store]);
  const search = (): void => {
    store.setState((state) => ({ ...showTab(state, 'flame'), search: name, searchMode: 'plain' }));
  };
  const copyName = (): void => {
    void shell.call('clipboard.write', { text: name }); // nothing to say when it fails
  };
  const openSource = useCallback(() => {
    store.setState((state) => showTab(state, 'source'));
  }, [store]);
  const copyStack = useCallback(() => {
    const text = ancestorsOf(graph, node)
      .slice(1)
      .map((each) => model.nameOf(model.functionOf(each)))
      .join('\n');
    void shell.call('clipboard.write', { text }); // nothing to say when it fails
  }, [shell, graph, node, model]);
  return (
    <>
      <header>
        <h2 className="details-name selectable">{model.label(node)}</h2>
        {former === undefined ? null : <p className="details-file selectable">{former} in A</p>}
        {file === '' ? null : <p className="details-file selectable">{file}</p>}
        {library === '' || library.startsWith('[') ? null : <p className="details-file selectable">{library}</p>}
        {buildId === '' ? null : <p className="details-file selectable">build-id {buildId}</p>}
      </header>
      <table className="numbers">
        <thead>
          <tr>
            <td />
            <th scope="col">{unitWords(model.unit)}</th>
            <th scope="col">of all</th>
            {withCaller ? (
              <th scope="col" className="of-caller">
                of caller
              </th>
            ) : null}
          </tr>
        </thead>
        <tbody>
          {numbers.map(({ label, value, share, ofCaller, tone }) => (
            <tr key={label}>
              <th scope="row" className={isDirection(tone) ? undefined : tone}>
                {label}
              </th>
              <td
                className={isInterval(label) ? 'interval' : isDirection(tone) ? tone : undefined}
                colSpan={isInterval(label) ? 1 + shares : 1}
              >
                {value === '' ? null : (
                  <NumberButton
                    label={label}
                    text={value}
                    open={explained.label === label}
                    onToggle={explained.toggle}
                  />
                )}
                {isInterval(label) ? <small className="mute"> {share}</small> : null}
              </td>
              {isInterval(label) ? null : <td className="mute">{share}</td>}
              {withCaller && !isInterval(label) ? <td className="mute of-caller">{ofCaller}</td> : null}
            </tr>
          ))}
        </tbody>
      </table>
      {explained.label === '' ? null : (
        <Unfolded figureOf={(state) => figureOfNode(state, model, node, explained.label)} />
      )}
      <div className="details-actions">
        <Button onClick={zoom}>Zoom</Button>
        <Button onClick={search}>Find all</Button>
        {file === '' ? null : <Button onClick={openSource}>Open source</Button>}
        <Button onClick={copyName}>Copy name</Button>
        <Button onClick={copyStack}>Copy stack</Button>
      </div>
      {callers.length === 0 ? null : (
        <section aria-label="Callers">
          <h3>Called from</h3>
          <ol className="stack">
            {callers.slice(0, 12).map((each) => (
              <StackLine key={each} model={model} node={each} />
            ))}
          </ol>
        </section>
      )}
      {callees.first < callees.end ? (
        <section aria-label="Callees">
          <h3>Calls</h3>
          <ol className="stack">
            {Array.from({ length: Math.min(8, callees.end - callees.first) }, (_, at) => (
              <StackLine key={callees.first + at} model={model} node={callees.first + at} />
            ))}
          </ol>
        </section>
      ) : null}
      {model.isDiff ? <ChangesPanel /> : null}
    </>
  );
}

/** How the number came about that is unfolded. */
function Unfolded({ figureOf }: { readonly figureOf: (state: AppState) => Figure | undefined }): ReactElement | null {
  const figure = figureOf(useApp((state) => state));
  return figure === undefined ? null : <Explanation figure={figure} />;
}

function unitWords(unit: string): string {
  return unit === 'nanoseconds' ? 'time' : unit;
}

function StackLine({ model, node }: FrameProps): ReactElement {
  const { store } = useControls();
  const select = useCallback(() => {
    const selectedPath = ancestorsOf(model.graph, node)
      .slice(1)
      .map((each) => model.nameOf(model.functionOf(each)));
    store.setState({ selectedPath });
  }, [model, node, store]);
  return (
    <li>
      <button type="button" className="stack-line" data-node={node} onClick={select} title={model.label(node)}>
        <span className="clip">{model.label(node)}</span>
        <span className="mute">{formatShare(model.width(node) / model.total)}</span>
      </button>
    </li>
  );
}

/** "the native addon" of "the native addon (/where/it/lies)": the paths are in the tooltip. */
function withoutPaths(decodedBy: string): string {
  return decodedBy.replace(/ \([^()]*\)$/, '');
}

/** What the total of a side is called, as in the details of a frame. */
function totalLabel(side: number, sides: number): string {
  return sides === 1 ? 'total' : side === 0 ? 'A' : 'B';
}

function ViewDetails({ explained }: { readonly explained: Explained }): ReactElement {
  const { clock } = useControls();
  const header = useApp((state) => state.viewHeader);
  const summaries = useApp((state) => state.viewSummaries);
  const valueIndex = useApp((state) => state.viewSource?.valueIndex ?? 0);
  const document = useApp((state) => state.document);
  const profiles = useApp((state) => state.viewProfiles);
  if (header === null) return <p className="details-hint">Details of what you select appear here.</p>;
  const [first] = summaries;
  return (
    <>
      {profiles.length === 2 ? <ChangesPanel /> : <SummaryPanel />}
      <header>
        <h2 className="details-title">{profiles.length === 2 ? 'Comparison' : 'Overview'}</h2>
        {profiles.map((profile) => (
          <p key={profile.profileId} className="details-file selectable">
            {visibleText(profile.title)}
          </p>
        ))}
      </header>
      <table className="numbers">
        {summaries.length === 2 ? (
          <thead>
            <tr>
              <td />
              <th scope="col" className="side-a">
                A
              </th>
              <th scope="col" className="side-b">
                B
              </th>
            </tr>
          </thead>
        ) : null}
        <tbody>
          {viewNumbers(summaries, valueIndex, clock()).map(({ label, values }) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              {values.map((value, index) => (
                <td key={index}>
                  {label === 'total' && value !== '' ? (
                    <NumberButton
                      label={totalLabel(index, summaries.length)}
                      text={value}
                      open={explained.label === totalLabel(index, summaries.length)}
                      onToggle={explained.toggle}
                    />
                  ) : (
                    value
                  )}
                </td>
              ))}
            </tr>
          ))}
          <tr>
            <th scope="row">frames</th>
            <td colSpan={summaries.length}>{formatCount(header.nodeCount)}</td>
          </tr>
        </tbody>
      </table>
      {explained.label === '' ? null : <Unfolded figureOf={(state) => totalFigure(state, explained.label)} />}
      <MomentsPanel />
      <TrustPanel />
      {document.kind === 'profiles' && document.notes !== '' ? (
        <section>
          <h3>Notes</h3>
          <p className="notice notes selectable">{document.notes.split('\n').map(visibleText).join('\n')}</p>
        </section>
      ) : null}
      {first === undefined ? null : (
        <section>
          <h3>Decoded</h3>
          <p className="details-hint selectable" title={visibleText(first.decodedBy)}>
            {visibleText(first.format)}, by {visibleText(withoutPaths(first.decodedBy))}
          </p>
          {first.comments.slice(0, 5).map((comment, index) => (
            <p key={index} className="details-hint selectable">
              {visibleText(comment)}
            </p>
          ))}
        </section>
      )}
      <p className="details-hint">Click a frame to see it here, double click to zoom.</p>
    </>
  );
}

/** A line that is no amount with its shares: it takes the whole of its row. */
function isInterval(label: string): boolean {
  return label === '95 %';
}
