import { useCallback, useEffect, useId, useState, type ChangeEvent, type ReactElement } from 'react';
import type { LabelValues } from '../../../contract/links.js';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { compareLabelValues, compareWithDocument, compareWithService } from '../../state/comparison-control.js';
import { holdSnapshot } from '../../state/documents-control.js';
import { currentExtent } from '../../state/selection-control.js';
import { selectionOf } from '../../state/timeline-control.js';
import { Segments } from '../../ui/fields.js';
import { Modal } from '../../ui/modal.js';

const kinds = ['service', 'label', 'profile'] as const;
type Kind = (typeof kinds)[number];
const kindLabels = { service: 'Service', label: 'Label', profile: 'Snapshot or file' } as const;
const kindHints = {
  service: 'A is the service chosen here, B the one that is shown; both in the same time.',
  label: 'Two versions, containers or hosts: each in the time in which it was there.',
  profile: 'A is the saved profile, B what is shown, which may go on being live.',
} as const;

interface Choice {
  readonly value: string;
  readonly label: string;
}

/** Chooses what is compared with what is shown. */
export function CompareDialog(): ReactElement {
  const controls = useControls();
  const { store } = controls;
  const ofProfile = useApp((state) => state.document.kind === 'profiles');
  const services = useApp((state) => state.services);
  const selector = useApp((state) => state.selector);
  const [kind, setKind] = useState<Kind>(ofProfile ? 'profile' : 'service');
  const profiles = useProfiles();
  const labels = useLabels(!ofProfile);
  const others = services.filter((row) => row.selector !== selector && row.notProfiled !== true);
  const [service, setService] = useState('');
  const [label, setLabel] = useState('');
  const [before, setBefore] = useState('');
  const [after, setAfter] = useState('');
  const [profile, setProfile] = useState('');
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);

  const row = others.find((each) => each.selector === service) ?? others[0];
  const of = labels?.find(({ name }) => name === label) ?? labels?.[0];
  const a = of?.values.includes(before) === true ? before : of?.values[0];
  const b = of?.values.includes(after) === true ? after : of?.values.find((value) => value !== a);
  const saved = profiles.find(({ value }) => value === profile) ?? profiles[0];
  const possible =
    kind === 'service'
      ? row !== undefined
      : kind === 'label'
        ? of !== undefined && a !== undefined && b !== undefined && a !== b
        : saved !== undefined;

  const compare = (): void => {
    close();
    if (kind === 'service' && row !== undefined) compareWithService(controls, row);
    else if (kind === 'label' && of !== undefined && a !== undefined && b !== undefined) {
      void compareLabelValues(controls, of.name, a, b); // what cannot be asked is said by the view
    } else if (kind === 'profile' && saved !== undefined) {
      const hold = async (): Promise<void> => {
        const documentId = await holdSnapshot(controls, saved.value);
        if (documentId !== undefined) compareWithDocument(controls, documentId);
      };
      void hold(); // shows its own failure
    }
  };

  return (
    <Modal
      title="Compare"
      subtitle={kindHints[kind]}
      confirm="Compare"
      confirmDisabled={!possible}
      onConfirm={compare}
      onCancel={close}
    >
      {ofProfile ? null : (
        <Segments label="With another" values={kinds} labels={kindLabels} value={kind} onChoose={setKind} wide />
      )}
      {kind === 'service' ? (
        <ChoiceField
          label="A is the service"
          choices={others.map((each) => ({ value: each.selector, label: each.name }))}
          value={row?.selector}
          onChoose={setService}
          empty="There is no other service in this time."
        />
      ) : null}
      {kind === 'label' ? (
        <>
          <ChoiceField
            label="Label"
            choices={(labels ?? []).map(({ name }) => ({ value: name, label: name }))}
            value={of?.name}
            onChoose={setLabel}
            empty={labels === null ? 'Looking…' : 'No label has two values in this time. Choose a longer one.'}
          />
          {of === undefined ? null : (
            <>
              <ChoiceField label="A has" choices={of.values.map(asChoice)} value={a} onChoose={setBefore} empty="" />
              <ChoiceField label="B has" choices={of.values.map(asChoice)} value={b} onChoose={setAfter} empty="" />
            </>
          )}
        </>
      ) : null}
      {kind === 'profile' ? (
        <ChoiceField
          label="A is"
          choices={profiles}
          value={saved?.value}
          onChoose={setProfile}
          empty="Save a snapshot or open a file first."
        />
      ) : null}
    </Modal>
  );
}

function asChoice(value: string): Choice {
  return { value, label: value };
}

/** What is open beside what is shown, then the snapshots; a comparison is no side of another. */
function useProfiles(): readonly Choice[] {
  const documents = useApp((state) => state.documents);
  const document = useApp((state) => state.document);
  const snapshots = useApp((state) => state.snapshots);
  const shown = document.kind === 'profiles' ? document.documentId : '';
  const open = documents.filter(({ documentId, profiles }) => documentId !== shown && profiles.length === 1);
  const shownSnapshot = document.kind === 'profiles' ? document.snapshotId : undefined;
  const known = new Set([shownSnapshot, ...open.map(({ snapshotId }) => snapshotId)]);
  return [
    ...open.map(({ documentId, title, origin }) => ({ value: documentId, label: `${title} (${origin})` })),
    ...snapshots
      .filter(({ snapshotId, profiles }) => profiles === 1 && !known.has(snapshotId))
      .map(({ snapshotId, title }) => ({ value: snapshotId, label: `${title} (snapshot)` })),
  ];
}

/** Labels of the selection in the timeline; null while they are asked for. */
function useLabels(wanted: boolean): readonly LabelValues[] | null {
  const { store, links } = useControls();
  const [labels, setLabels] = useState<readonly LabelValues[] | null>(null);
  useEffect(() => {
    const state = store.getState();
    if (!wanted || state.targetId === null) return undefined;
    const controller = new AbortController();
    const selection = selectionOf(state, state.targetId, state.range ?? currentExtent(state));
    const ask = async (): Promise<void> => {
      const found = await links.query('source.labels', { selection }, controller.signal);
      if (!controller.signal.aborted) setLabels(found.ok ? found.value : []);
    };
    void ask(); // a source that does not answer is said by the view
    return () => {
      controller.abort();
    };
  }, [store, links, wanted]);
  return labels;
}

interface ChoiceFieldProps {
  readonly label: string;
  readonly choices: readonly Choice[];
  readonly value: string | undefined;
  readonly onChoose: (value: string) => void;
  /** What is said when there is nothing to choose. */
  readonly empty: string;
}

function ChoiceField({ label, choices, value, onChoose, empty }: ChoiceFieldProps): ReactElement {
  const id = useId();
  const change = useCallback(
    (event: ChangeEvent<HTMLSelectElement>) => {
      onChoose(event.target.value);
    },
    [onChoose],
  );
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {label}
      </label>
      {choices.length === 0 ? (
        <p className="field-hint">{empty}</p>
      ) : (
        <select id={id} className="input" value={value} onChange={change}>
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {visibleText(choice.label)}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}
