import { useCallback, type ReactElement } from 'react';
import { ancestorsOf, childrenOf, nodeAtPath } from '../../../core/flame/navigate.js';
import { useApp, useControls } from '../../app/workbench.js';
import type { FlameModel } from '../../flame/model.js';
import { nodeNumbers } from '../../flame/node-words.js';
import { formatCount, formatShare } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import { useCell } from '../../state/cell.js';
import { Button } from '../../ui/button.js';
import { ChangesPanel } from '../compare/changes-panel.js';
import { TrustPanel } from '../trust/trust-panel.js';
import { viewNumbers } from './view-numbers.js';

/** The selected frame; without one, what is open. */
export function Details(): ReactElement {
  const { flame } = useControls();
  const model = useCell(flame);
  const selectedPath = useApp((state) => state.selectedPath);
  const node = model === null ? -1 : selectedNode(model, selectedPath);
  return (
    <aside className="details scroll" aria-label="Details" data-hint="details">
      {model !== null && node > 0 ? <FrameDetails model={model} node={node} /> : <ViewDetails />}
    </aside>
  );
}

function selectedNode(model: FlameModel, path: readonly string[]): number {
  if (path.length === 0 || model.graph.count === 0) return -1;
  const found = nodeAtPath(model.graph, path, model.nameOf);
  return found.matched === path.length ? found.node : -1;
}

interface FrameProps {
  readonly model: FlameModel;
  readonly node: number;
}

function FrameDetails({ model, node }: FrameProps): ReactElement {
  const { store, shell } = useControls();
  const { graph } = model;
  const index = model.functionOf(node);
  const file = model.files[index] ?? '';
  const parent = graph.parent[node] ?? 0;
  const callees = childrenOf(graph, node);
  const zoom = useCallback(() => {
    store.setState((state) => ({ zoomPath: state.selectedPath }));
  }, [store]);
  const search = useCallback(() => {
    store.setState({ search: model.nameOf(index), searchMode: 'plain', tab: 'flame' });
  }, [store, model, index]);
  const copyName = useCallback(() => {
    void shell.call('clipboard.write', { text: model.nameOf(index) }); // nothing to say when it fails
  }, [shell, model, index]);
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
        {file === '' ? null : <p className="details-file selectable">{file}</p>}
      </header>
      <table className="numbers">
        <thead>
          <tr>
            <td />
            <th scope="col">{unitWords(model.unit)}</th>
            <th scope="col">of all</th>
          </tr>
        </thead>
        <tbody>
          {nodeNumbers(model, node).map(({ label, value, share, tone }) => (
            <tr key={label}>
              <th scope="row" className={label === 'change' ? undefined : tone}>
                {label}
              </th>
              <td className={label === 'change' ? tone : undefined}>{value}</td>
              <td className="mute">{share}</td>
            </tr>
          ))}
          {model.isDiff ? null : (
            <tr>
              <th scope="row">of caller</th>
              <td />
              <td className="mute">{formatShare(model.width(node) / model.width(parent))}</td>
            </tr>
          )}
        </tbody>
      </table>
      <div className="details-actions">
        <Button onClick={zoom}>Zoom</Button>
        <Button onClick={search}>Find all</Button>
        <Button onClick={copyName}>Copy name</Button>
        <Button onClick={copyStack}>Copy stack</Button>
      </div>
      <section aria-label="Callers">
        <h3>Called from</h3>
        <ol className="stack">
          {ancestorsOf(graph, node)
            .slice(1, -1)
            .reverse()
            .slice(0, 12)
            .map((each) => (
              <StackLine key={each} model={model} node={each} />
            ))}
        </ol>
      </section>
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
      <button type="button" className="stack-line" onClick={select} title={model.label(node)}>
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

function ViewDetails(): ReactElement {
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
      {profiles.length === 2 ? <ChangesPanel /> : null}
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
                <td key={index}>{value}</td>
              ))}
            </tr>
          ))}
          <tr>
            <th scope="row">frames</th>
            <td colSpan={summaries.length}>{formatCount(header.nodeCount)}</td>
          </tr>
        </tbody>
      </table>
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
