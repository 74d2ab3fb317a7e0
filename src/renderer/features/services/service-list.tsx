import { useCallback, useMemo, useState, type ChangeEvent, type ReactElement } from 'react';
import type { ServiceRow } from '../../../contract/links.js';
import type { SourceKind } from '../../../contract/selection.js';
import { useApp, useControls } from '../../app/workbench.js';
import { formatCores } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import { sourceAnswers } from '../../state/readable.js';
import { chooseService, chooseSource } from '../../state/selection-control.js';
import { currentTarget } from '../../state/targets-control.js';
import { Segments } from '../../ui/fields.js';
import { Name } from '../../ui/name.js';
import { Sparkline } from '../../ui/sparkline.js';
import { arrangeServices, totalOf } from './service-rows.js';

const sources = ['agent', 'pyroscope'] as const;
const sourceLabels = { agent: 'Agent', pyroscope: 'Pyroscope' } as const;
/** From so many services on there is a field to filter them. */
const filterFrom = 6;

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
  if (target === undefined) return null;
  const hasPyroscope = target.config.pyroscope !== undefined;
  const chosen = document.kind === 'selection' ? selector : undefined;
  return (
    <section className="services" aria-label="Services" data-hint="services">
      <header className="side-head">
        <h2 className="clip">
          Services on <Name text={target.config.name} />
        </h2>
        {services.length > 0 ? <span title="Cores in use">CPU</span> : null}
      </header>
      {hasPyroscope ? (
        <div className="side-field">
          <Segments label="Source" values={sources} labels={sourceLabels} value={source} onChoose={onSource} wide />
        </div>
      ) : null}
      {services.length >= filterFrom || filter !== '' ? (
        <div className="side-field">
          <input
            className="input slim"
            type="search"
            placeholder="Filter services"
            aria-label="Filter services"
            value={filter}
            onChange={onFilter}
            spellCheck={false}
          />
        </div>
      ) : null}
      {services.length > 0 ? (
        <ul className="services-list scroll" aria-label="Services">
          {filter === '' ? <ServiceItem row={null} total={total} chosen={chosen === null} /> : null}
          {rows.map((row) => (
            <ServiceItem key={row.selector} row={row} total={total} chosen={row.selector === chosen} />
          ))}
          {rows.length === 0 ? <li className="side-note">No service is called “{visibleText(filter)}”.</li> : null}
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
}

function ServiceItem({ row, total, chosen }: ItemProps): ReactElement {
  const controls = useControls();
  const choose = useCallback(() => {
    chooseService(controls, row);
  }, [controls, row]);
  const name = row?.name ?? 'All services';
  const cores = row === null ? total.cores : row.cpuCores;
  const recent = row === null ? total.recent : row.recentCores;
  return (
    <li className={chosen ? 'side-row on' : 'side-row'} data-profiled={row?.notProfiled !== true}>
      <button type="button" className="side-main" aria-current={chosen} onClick={choose}>
        <Name text={name} />
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
        {row?.notProfiled === true ? null : (
          <span className="side-cores">{cores === undefined ? '' : formatCores(cores)}</span>
        )}
      </button>
    </li>
  );
}
