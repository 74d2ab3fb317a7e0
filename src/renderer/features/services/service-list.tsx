import { useCallback, useMemo, useRef, useState, type ChangeEvent, type ReactElement } from 'react';
import type { ServiceRow } from '../../../contract/links.js';
import type { SourceKind } from '../../../contract/selection.js';
import type { Trust } from '../../../contract/trust.js';
import { useApp, useControls } from '../../app/workbench.js';
import { formatCores } from '../../format/numbers.js';
import { formatMoment } from '../../format/times.js';
import { visibleText } from '../../format/visible-text.js';
import { sourceAnswers } from '../../state/readable.js';
import { chooseService, chooseSource } from '../../state/selection-control.js';
import { currentTarget } from '../../state/targets-control.js';
import { Segments } from '../../ui/fields.js';
import { Name } from '../../ui/name.js';
import { trustMark } from '../trust/trust-words.js';
import { Sparkline } from '../../ui/sparkline.js';
import { activeTimeExplained, sourceIsPySpy } from '../../state/active-time.js';
import { useFigures, type FigurePlace } from '../guidance/find-figures.js';
import { figuresOfService } from './service-figures.js';
import { arrangeServices, labelsOf, totalOf } from './service-rows.js';

const sources = ['agent', 'pyroscope'] as const;
const sourceLabels = { agent: 'Agent', pyroscope: 'Pyroscope' } as const;
const pySpySourceLabels = { ...sourceLabels, agent: 'py-spy' } as const;
/** From so many services on there is a field to filter them. */
const filterFrom = 3;

/** The services of the chosen source: all of them first, then by CPU. */
export function ServiceList(): ReactElement | null {
  const controls = useControls();
  const target = useApp(currentTarget);
  const source = useApp((state) => state.source);
  const services = useApp((state) => state.services);
  const phase = useApp((state) => state.servicesPhase);
  const answers = useApp(sourceAnswers);
  const selector = useApp((state) => state.selector);
  const document = useApp((state) => state.document);
  const byPySpy = useApp(sourceIsPySpy);
  const judged = useApp((state) => Object.keys(state.serviceTrust).length > 0);
  const [filter, setFilter] = useState('');
  const rows = useMemo(() => arrangeServices(services, filter), [services, filter]);
  const total = useMemo(() => totalOf(services), [services]);
  const onFilter = useCallback((event: ChangeEvent<HTMLInputElement>) => {
    setFilter(event.target.value);
  }, []);
  const onSource = useCallback(
    (next: (typeof sources)[number]) => {
      chooseSource(controls, next);
    },
    [controls],
  );
  const list = useRef<HTMLElement>(null);
  const figuresAt = useCallback(
    ({ target: at }: FigurePlace) => {
      const item = at.closest<HTMLElement>('[data-service]');
      if (item === null) return null;
      const state = controls.store.getState();
      const row = state.services.find((each) => each.selector === item.dataset['service']) ?? null;
      return figuresOfService(state, row, controls.clock());
    },
    [controls],
  );
  useFigures(list, figuresAt);
  if (target === undefined) return null;
  const hasPyroscope = target.config.pyroscope !== undefined;
  const chosen = document.kind === 'selection' ? selector : undefined;
  return (
    <section className="services" aria-label="Services" data-hint="services" ref={list}>
      <header className="side-head">
        <h2 className="clip">
          Services on <Name text={target.config.name} />
        </h2>
        {services.length > 0 ? (
          <span title={byPySpy ? `Threads that were active at an instant. ${activeTimeExplained}` : 'Cores in use'}>
            {byPySpy ? 'Active' : 'CPU'}
          </span>
        ) : null}
      </header>
      {hasPyroscope ? (
        <div className="side-field">
          <Segments
            label="Source"
            values={sources}
            labels={target.agent.engine === undefined ? sourceLabels : pySpySourceLabels}
            value={source}
            onChoose={onSource}
            wide
          />
        </div>
      ) : null}
      {services.length >= filterFrom || filter !== '' ? (
        <div className="side-field">
          <input
            className="input slim"
            type="search"
            placeholder="Filter by name or label"
            aria-label="Filter services"
            value={filter}
            onChange={onFilter}
            spellCheck={false}
          />
        </div>
      ) : null}
      {services.length > 0 ? (
        <ul className="services-list scroll" aria-label="Services">
          {filter === '' ? <ServiceItem row={null} total={total} chosen={chosen === null} judged={judged} /> : null}
          {rows.map((row) => (
            <ServiceItem key={row.selector} row={row} total={total} chosen={row.selector === chosen} judged={judged} />
          ))}
          {rows.length === 0 ? (
            <li className="side-note">No service has “{visibleText(filter)}” in its name or labels.</li>
          ) : null}
        </ul>
      ) : (
        <p className="side-note">{emptyNote(phase, answers, source, target.agent.status?.windowsStored ?? 0)}</p>
      )}
    </section>
  );
}

function emptyNote(phase: string, answers: boolean, source: SourceKind, windowsStored: number): string {
  if (!answers) return source === 'agent' ? 'They appear here while the agent runs.' : 'Pyroscope does not answer yet.';
  if (phase === 'failed') return 'They could not be asked for.';
  if (phase === 'loading') return 'Looking…';
  if (source === 'agent' && windowsStored === 0) return 'None yet. The first window brings them.';
  return 'None in this time. Choose another, or All.';
}

interface ItemProps {
  /** null: all services. */
  readonly row: ServiceRow | null;
  readonly total: ReturnType<typeof totalOf>;
  readonly chosen: boolean;
  /** The samples of some services were judged. */
  readonly judged: boolean;
}

function ServiceItem({ row, total, chosen, judged }: ItemProps): ReactElement {
  const controls = useControls();
  const choose = useCallback(() => {
    chooseService(controls, row);
  }, [controls, row]);
  const name = row?.name ?? 'All services';
  const trust = useApp((state) => (row === null ? undefined : state.serviceTrust[row.selector]));
  const cores = row === null ? total.cores : row.cpuCores;
  const recent = row === null ? total.recent : row.recentCores;
  return (
    <li
      className={chosen ? 'side-row on' : 'side-row'}
      data-profiled={row?.notProfiled !== true}
      data-service={row?.selector ?? ''}
    >
      <button type="button" className="side-main" aria-current={chosen} onClick={choose}>
        <Name text={name} more={row === null ? '' : labelsOf(row).map(visibleText).join('\n')} />
        {row?.pushed === true ? (
          <span className="side-value" title="Pushed into the agent by a program that calls itself so">
            pushed
          </span>
        ) : null}
        {row?.notProfiled === true ? (
          <span className="side-value" title="It runs, and the agent was told not to profile it">
            not profiled
          </span>
        ) : null}
        <span className="push">{recent === undefined || recent.length < 2 ? null : <Sparkline values={recent} />}</span>
        {judged ? <TrustSign trust={trust} /> : null}
        {row?.notProfiled === true ? null : (
          <span className="side-cores">{cores === undefined ? '' : formatCores(cores)}</span>
        )}
      </button>
    </li>
  );
}

/** How far a service's samples can be believed, in one sign. */
function TrustSign({ trust }: { readonly trust: Trust | undefined }): ReactElement {
  const { clock } = useControls();
  const mark = trust === undefined ? null : trustMark(trust, (ms) => formatMoment(ms, clock()));
  if (mark === null) return <span className="trust-sign" />;
  return <span className="trust-sign" data-tone={mark.tone} role="img" aria-label={mark.words} title={mark.words} />;
}
