import { useCallback, useMemo, useState, type ChangeEvent, type ReactElement } from 'react';
import type { TargetState } from '../../../contract/target.js';
import { useTip } from '../../app/use-tip.js';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { chooseTarget } from '../../state/selection-control.js';
import { actOnTarget, findEngines, removeTarget } from '../../state/targets-control.js';
import { IconButton } from '../../ui/button.js';
import { DotsIcon, FleetIcon, PlusIcon } from '../../ui/icons.js';
import { MenuItem, Popover } from '../../ui/menu.js';
import { Name } from '../../ui/name.js';
import { StateDot } from './state-dot.js';
import { arrangeTargets } from './target-rows.js';
import { canName, endsWithOthers, hasAgent, hasLog, targetWords } from './target-words.js';
import { restartWords } from './version-words.js';

/** From so many targets on there is a field to filter them. */
const filterFrom = 8;

/** The targets in their groups with their states, and the way to add one. */
export function TargetList(): ReactElement {
  const { store } = useControls();
  const targets = useApp((state) => state.targets);
  const targetId = useApp((state) => (state.document.kind === 'selection' ? state.targetId : null));
  const phase = useApp((state) => state.targetsPhase);
  const add = useCallback(() => {
    store.setState({ dialog: { kind: 'server', targetId: null } });
  }, [store]);
  const tip = useTip();
  const fleetOpen = useApp((state) => state.fleetOpen);
  const toggleFleet = useCallback(() => {
    store.setState((state) => ({ fleetOpen: !state.fleetOpen }));
  }, [store]);
  const [filter, setFilter] = useState('');
  const groups = useMemo(() => arrangeTargets(targets, filter), [targets, filter]);
  const onFilter = useCallback((event: ChangeEvent<HTMLInputElement>) => {
    setFilter(event.target.value);
  }, []);
  return (
    <section className="targets" aria-label="Targets" data-hint="targets">
      <header className="side-head">
        <h2>Targets</h2>
        <span className="side-buttons">
          <IconButton
            label="Fleet overview"
            tip={tip('Fleet overview', 'Mod+Shift+F')}
            aria-pressed={fleetOpen}
            onClick={toggleFleet}
          >
            <FleetIcon />
          </IconButton>
          <IconButton label="Add server" tip={tip('Add server', 'Mod+N')} onClick={add}>
            <PlusIcon />
          </IconButton>
        </span>
      </header>
      {targets.length >= filterFrom || filter !== '' ? (
        <div className="side-field">
          <input
            className="input slim"
            type="search"
            placeholder="Filter targets"
            aria-label="Filter targets"
            value={filter}
            onChange={onFilter}
            spellCheck={false}
          />
        </div>
      ) : null}
      <ul className="targets-list scroll" aria-label="Targets">
        {groups.map((group) => [
          group.name === '' ? null : (
            <li key={`group ${group.name}`} className="side-group">
              <Name text={group.name} />
            </li>
          ),
          ...group.targets.map((target) => (
            <TargetRow key={target.config.id} target={target} chosen={target.config.id === targetId} />
          )),
        ])}
        {groups.length === 0 && filter !== '' ? (
          <li className="side-note">No target has “{visibleText(filter)}”.</li>
        ) : null}
      </ul>
      {targets.length === 0 && phase === 'loading' ? <p className="side-note">Looking for targets…</p> : null}
    </section>
  );
}

interface RowProps {
  readonly target: TargetState;
  readonly chosen: boolean;
}

function TargetRow({ target, chosen }: RowProps): ReactElement {
  const controls = useControls();
  const { id, name } = target.config;
  const words = targetWords(target, controls.clock());
  const choose = useCallback(() => {
    chooseTarget(controls, id);
  }, [controls, id]);
  return (
    <li
      className={chosen ? 'side-row on' : 'side-row'}
      data-agent={target.agent.state}
      data-link={target.link.state}
      data-mark={target.config.kind === 'ssh' ? target.config.colour : undefined}
    >
      <button
        type="button"
        className="side-main"
        aria-current={chosen}
        aria-description={words.state}
        title={words.message === '' ? words.state : `${words.state}: ${visibleText(words.message)}`}
        onClick={choose}
      >
        <StateDot shape={words.shape} />
        <Name text={name} />
        <span className={words.shape === 'failed' ? 'side-value bad' : 'side-value'} aria-hidden="true">
          {words.brief}
        </span>
      </button>
      <TargetMenu target={target} />
    </li>
  );
}

function TargetMenu({ target }: { readonly target: TargetState }): ReactElement {
  const controls = useControls();
  const { store } = controls;
  const { id, kind, name } = target.config;
  const open =
    (
      dialog:
        | 'server'
        | 'pyroscope'
        | 'pushes'
        | 'profiled'
        | 'sampling'
        | 'naming'
        | 'remove-target'
        | 'leftovers'
        | 'tunnel'
        | 'checks'
        | 'receipt'
        | 'restart-agent'
        | 'times'
        | 'log',
    ) =>
    () => {
      store.setState({ dialog: { kind: dialog, targetId: id } });
    };
  const act = (action: 'link.disconnect' | 'agent.stop' | 'record.start') => () => {
    void actOnTarget(controls, action, id); // shows its own failure
  };
  const hide = (): void => {
    void removeTarget(controls, id); // shows its own failure
  };
  const showHidden = (): void => {
    void findEngines(controls, true); // shows its own failure
  };
  const duplicate = (): void => {
    if (target.config.kind !== 'ssh') return;
    const draft = { ...target.config, name: `${target.config.name.slice(0, 120)} copy` };
    store.setState({ dialog: { kind: 'server', targetId: null, draft } });
  };
  const connected = target.link.state === 'connected';
  const changeable = hasAgent(target);
  const idle =
    connected && target.agent.state !== 'starting' && (target.agent.state !== 'profiling' || endsWithOthers(target));
  return (
    <Popover
      label={`Actions of ${visibleText(name)}`}
      align="end"
      button={(props) => (
        <IconButton label={`More for ${visibleText(name)}`} className="side-more" {...props}>
          <DotsIcon />
        </IconButton>
      )}
    >
      {(close) => (
        <>
          <MenuItem close={close} onChoose={open('profiled')} disabled={!changeable}>
            What is profiled…
          </MenuItem>
          <MenuItem close={close} onChoose={open('sampling')} disabled={!changeable}>
            How often it samples…
          </MenuItem>
          <MenuItem close={close} onChoose={open('naming')} disabled={!canName(target)}>
            How services are called…
          </MenuItem>
          <MenuItem close={close} onChoose={open('times')} disabled={!changeable} hint="for a heat map">
            Record with times…
          </MenuItem>
          <MenuItem close={close} onChoose={open('pyroscope')}>
            Pyroscope…
          </MenuItem>
          <MenuItem
            close={close}
            onChoose={open('pushes')}
            disabled={target.agent.status === undefined || target.agent.engine !== undefined}
          >
            Where it pushes…
          </MenuItem>
          {endsWithOthers(target) ? (
            <MenuItem close={close} onChoose={act('agent.stop')}>
              Stop agent
            </MenuItem>
          ) : null}
          <MenuItem close={close} onChoose={open('restart-agent')} disabled={!changeable}>
            {restartWords(target).verb} agent…
          </MenuItem>
          <MenuItem close={close} onChoose={open('log')} disabled={!hasLog(target)}>
            Log of the agent…
          </MenuItem>
          <MenuItem close={close} onChoose={open('checks')} disabled={!connected || kind === 'docker'}>
            Check what it needs…
          </MenuItem>
          <MenuItem close={close} onChoose={open('leftovers')} disabled={!connected}>
            What is on it…
          </MenuItem>
          <MenuItem close={close} onChoose={open('receipt')}>
            What was done on it…
          </MenuItem>
          {kind === 'ssh' ? (
            <>
              <MenuItem close={close} onChoose={open('tunnel')} disabled={!connected}>
                Open a tunnel…
              </MenuItem>
              <MenuItem close={close} onChoose={act('record.start')} disabled={!idle} hint="ends with this app">
                Record for a while
              </MenuItem>
              <MenuItem close={close} onChoose={act('link.disconnect')} disabled={!connected}>
                Disconnect
              </MenuItem>
              <MenuItem close={close} onChoose={open('server')}>
                Edit…
              </MenuItem>
              <MenuItem close={close} onChoose={duplicate}>
                Duplicate…
              </MenuItem>
              <MenuItem close={close} onChoose={open('remove-target')} danger>
                Remove…
              </MenuItem>
            </>
          ) : null}
          {kind === 'docker' ? (
            <MenuItem close={close} onChoose={hide} hint="what was recorded stays">
              Hide
            </MenuItem>
          ) : null}
          {kind === 'local' ? (
            <MenuItem close={close} onChoose={showHidden} hint="hidden ones, too">
              Find Docker engines
            </MenuItem>
          ) : null}
        </>
      )}
    </Popover>
  );
}
