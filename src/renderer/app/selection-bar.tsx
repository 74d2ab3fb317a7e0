import { useCallback, type ReactElement } from 'react';
import { gilProfileType, memoryLeaksType, memoryPeakType, wallProfileType } from '../../contract/pyspy.js';
import { cpuProfileType } from '../../contract/selection.js';
import type { TargetState } from '../../contract/target.js';
import { activeTime, activeTimeExplained, shownIsPySpy, sourceIsPySpy } from '../state/active-time.js';
import { SelectorField } from '../features/services/selector-field.js';
import { TargetActionButton } from '../features/targets/target-action-button.js';
import { ShareMenu } from '../features/share/share-menu.js';
import { SaveSnapshotButton } from '../features/snapshots/save-snapshot-button.js';
import { targetWords } from '../features/targets/target-words.js';
import { visibleText } from '../format/visible-text.js';
import { closeDocument } from '../state/documents-control.js';
import { endComparison, swapSides } from '../state/comparison-control.js';
import { setLive } from '../state/selection-control.js';
import { baselineProfile, isComparing } from '../state/sides.js';
import { BaselineChip } from '../features/compare/baseline-chip.js';
import { CompareMenu } from '../features/compare/compare-menu.js';
import { showsSelection } from '../state/readable.js';
import { currentTarget } from '../state/targets-control.js';
import { Button } from '../ui/button.js';
import { RangeField } from '../features/timeline/range-field.js';
import { MenuItem, Popover } from '../ui/menu.js';
import { ChevronIcon } from '../ui/icons.js';
import { Name } from '../ui/name.js';
import { useTip } from './use-tip.js';
import { useApp, useControls } from './workbench.js';

/** What is asked for, and what can be done with it. */
export function SelectionBar(): ReactElement {
  const document = useApp((state) => state.document);
  return (
    <header className="bar" aria-label="Selection">
      {document.kind === 'selection' ? <SelectionFields /> : <DocumentFields />}
    </header>
  );
}

function DocumentFields(): ReactElement | null {
  const controls = useControls();
  const document = useApp((state) => state.document);
  const documentId = document.kind === 'profiles' ? document.documentId : '';
  const close = useCallback(() => {
    closeDocument(controls, documentId);
  }, [controls, documentId]);
  const tip = useTip();
  const compared = useApp((state) => baselineProfile(state) !== undefined);
  const compare = useCallback(() => {
    controls.store.setState({ dialog: { kind: 'compare' } });
  }, [controls]);
  const swap = useCallback(() => {
    swapSides(controls);
  }, [controls]);
  if (document.kind !== 'profiles') return null;
  const alone = document.profiles.length === 1;
  return (
    <>
      <div className="readout document">
        <span className="mute">{document.origin}</span> <Name text={document.title} className="strong" />
      </div>
      <ValueTypeMenu />
      <BaselineChip />
      <span className="bar-space" />
      {compared ? (
        <Button onClick={swap} title={tip('Swap A and B', 'Mod+Shift+X')}>
          Swap
        </Button>
      ) : alone ? (
        <Button onClick={compare} title={tip('Compare with a snapshot or another file', 'Mod+Shift+D')}>
          Compare…
        </Button>
      ) : null}
      <SaveSnapshotButton />
      <ShareMenu />
      <Button onClick={close} title={tip('Close it', 'Mod+W')}>
        Close
      </Button>
    </>
  );
}

function SelectionFields(): ReactElement | null {
  const controls = useControls();
  const target = useApp(currentTarget);
  const source = useApp((state) => state.source);
  const comparing = useApp(isComparing);
  const tip = useTip();
  const live = useApp((state) => state.live);
  const hasView = useApp(showsSelection);
  const toggleLive = useCallback(() => {
    setLive(controls, !live);
  }, [controls, live]);
  const swap = useCallback(() => {
    swapSides(controls);
  }, [controls]);
  const end = useCallback(() => {
    endComparison(controls);
  }, [controls]);
  if (target === undefined) return null;
  const own = target.agent.engine === undefined ? 'agent' : 'py-spy';
  const from = source === 'agent' ? own : 'Pyroscope';
  return (
    <>
      {hasView ? (
        <>
          {comparing ? null : (
            <div className="readout from">
              <span className="mute">from</span>
              <span className="strong clip">
                {from} on <bdi>{visibleText(target.config.name)}</bdi>
              </span>
            </div>
          )}
          <ProfileTypeMenu />
          <SelectorField />
          <BaselineChip />
          <RangeField />
          {comparing ? (
            <>
              <Button onClick={swap} title={tip('Swap A and B', 'Mod+Shift+X')}>
                Swap
              </Button>
              <Button onClick={end}>End</Button>
            </>
          ) : (
            <CompareMenu />
          )}
          <SaveSnapshotButton />
          <ShareMenu />
          <TargetActionButton target={target} />
          <Button
            tone={live ? 'accent' : 'plain'}
            aria-pressed={live}
            onClick={toggleLive}
            title={tip('Follow new windows', 'Mod+L')}
          >
            Live
          </Button>
        </>
      ) : (
        <TargetHeading target={target} />
      )}
    </>
  );
}

/** The target and its state while there is nothing to select in. */
function TargetHeading({ target }: { readonly target: TargetState }): ReactElement {
  const { clock } = useControls();
  return (
    <div className="bar-heading">
      <Name text={target.config.name} className="strong" />
      <span className="mute">{targetWords(target, clock()).state}</span>
    </div>
  );
}

/** A profile type in words: "CPU time" for what our agent samples, "Active time" for py-spy, otherwise its name and sample type. */
export function profileTypeWords(profileType: string, byPySpy = false): string {
  if (profileType === cpuProfileType) return byPySpy ? activeTime : 'CPU time';
  if (profileType === wallProfileType) return 'Time passed';
  if (profileType === gilProfileType) return 'Holding the GIL';
  if (profileType === memoryPeakType) return 'Memory at its peak';
  if (profileType === memoryLeaksType) return 'Memory not freed';
  const [name = '', sampleType = ''] = profileType.split(':');
  return visibleText(`${name} ${sampleType}`.replaceAll('_', ' ').trim());
}

function ProfileTypeMenu(): ReactElement {
  const { store } = useControls();
  const types = useApp((state) => state.profileTypes);
  const current = useApp((state) => state.profileType);
  const byPySpy = useApp(sourceIsPySpy);
  const words = (type: string): string => profileTypeWords(type, byPySpy);
  const title = byPySpy && current === cpuProfileType ? activeTimeExplained : undefined;
  if (types.length <= 1) {
    return (
      <div className="readout strong type" title={title}>
        {words(current)}
      </div>
    );
  }
  const choose = (profileType: string) => () => {
    store.setState({ profileType, valueIndex: null, zoomPath: [], selectedPath: [] });
  };
  return (
    <Popover
      label="Profile type"
      button={(props) => (
        <Button {...props} aria-label={`Profile type, ${words(current)}`} title={title}>
          {words(current)} <ChevronIcon />
        </Button>
      )}
    >
      {(close) =>
        types.map((type) => (
          <MenuItem key={type} close={close} onChoose={choose(type)} {...(type === current ? { hint: 'shown' } : {})}>
            {words(type)}
          </MenuItem>
        ))
      }
    </Popover>
  );
}

/** Which column of a file's values is shown; nothing when there is one only. */
function ValueTypeMenu(): ReactElement | null {
  const { store } = useControls();
  const summary = useApp((state) => state.viewSummaries[0]);
  const shown = useApp((state) => state.viewSource?.valueIndex);
  const byPySpy = useApp(shownIsPySpy);
  if (summary === undefined || shown === undefined) return null;
  const words = (index: number): string => {
    const sampleType = summary.sampleTypes[index];
    if (sampleType === undefined) return '';
    const { type, unit } = sampleType;
    if (type === 'cpu' && unit === 'nanoseconds') return byPySpy ? activeTime : 'CPU time';
    return visibleText(`${type} (${unit})`);
  };
  if (summary.sampleTypes.length === 1) return <div className="readout strong">{words(0)}</div>;
  const choose = (valueIndex: number) => () => {
    store.setState({ valueIndex });
  };
  return (
    <Popover
      label="Values"
      button={(props) => (
        <Button {...props} aria-label={`Values, ${words(shown)}`}>
          {words(shown)} <ChevronIcon />
        </Button>
      )}
    >
      {(close) =>
        summary.sampleTypes.map((_, index) => (
          <MenuItem key={index} close={close} onChoose={choose(index)} {...(index === shown ? { hint: 'shown' } : {})}>
            {words(index)}
          </MenuItem>
        ))
      }
    </Popover>
  );
}
