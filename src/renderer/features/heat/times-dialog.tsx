import { useCallback, useState, type ReactElement } from 'react';
import type { Failure } from '../../../contract/result.js';
import { useApp, useControls } from '../../app/workbench.js';
import { plural } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import { showRecording } from '../../state/documents-control.js';
import { Button } from '../../ui/button.js';
import { FailureNotice } from '../../ui/failure-notice.js';
import { Segments } from '../../ui/fields.js';
import { Modal } from '../../ui/modal.js';
import { useEnding } from '../../ui/use-ending.js';

const lengths = ['10', '20', '30', '60'] as const;
const lengthLabels = { '10': '10 s', '20': '20 s', '30': '30 s', '60': '1 min' } as const;
const whose = ['service', 'all'] as const;
const everything = '{}';

interface Progress {
  readonly seconds: number;
  readonly samples: number;
}

/** Has the agent of a target record the time of each sample for a while, and opens that as a heat map. */
export function TimesDialog({ targetId }: { readonly targetId: string }): ReactElement {
  const context = useControls();
  const { store, links, newId } = context;
  const name = useApp((state) => state.targets.find(({ config }) => config.id === targetId)?.config.name ?? '');
  // The service that is chosen is one of the target that is chosen.
  const service = useApp((state) => (state.targetId === targetId ? state.serviceName : null));
  const selector = useApp((state) => state.selector);
  const [length, setLength] = useState<(typeof lengths)[number]>('20');
  const [who, setWho] = useState<(typeof whose)[number]>(service === null ? 'all' : 'service');
  const [progress, setProgress] = useState<Progress | null>(null);
  /** The recording that goes on, and whether it was told to end. */
  const [going, setGoing] = useState<{ readonly requestId: string; readonly ended: boolean } | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const ending = useEnding();
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  const seconds = Number(length);
  const record = async (): Promise<void> => {
    const requestId = newId('times');
    setGoing({ requestId, ended: false });
    setFailure(null);
    const end = links.on('times.progress', ({ requestId: of, ...far }) => {
      if (of === requestId) setProgress(far);
    });
    const request = { requestId, targetId, selector: who === 'all' ? everything : (selector ?? everything), seconds };
    const result = await links.call('times.record', request, ending.signal);
    end();
    if (ending.signal.aborted) return;
    setProgress(null);
    setGoing(null);
    if (!result.ok) {
      setFailure(result.failure);
      return;
    }
    close();
    await showRecording(context, result.value);
  };
  const endNow = useCallback(() => {
    if (going === null) return;
    setGoing({ ...going, ended: true });
    void links.call('times.end', { requestId: going.requestId }); // what is waited for settles then
  }, [links, going]);
  return (
    <Modal
      title={`Record with times on ${visibleText(name)}`}
      subtitle="Windows hold sums of 15 s. Such a recording holds when each sample was taken, so that a heat map shows what happens within a second: bursts, pauses, what comes back each second."
      confirm="Record"
      busy={going !== null}
      onConfirm={() => {
        void record(); // shows its own failure
      }}
      onCancel={close}
    >
      {service === null ? null : (
        <Segments
          label="Of what"
          values={whose}
          labels={{ service: visibleText(service), all: 'All services' }}
          value={who}
          onChoose={setWho}
          wide
        />
      )}
      <Segments label="How long" values={lengths} labels={lengthLabels} value={length} onChoose={setLength} wide />
      <p className="field-hint">
        Nothing else of the agent changes, and nothing stays on the target: what was recorded is opened here. It holds
        500,000 samples. It can be ended sooner, with what there is then.
      </p>
      {going === null ? null : (
        <div className="times-progress">
          <progress value={progress?.seconds ?? 0} max={seconds} aria-label="Recording" />
          <span role="status">{progressWords(progress, going.ended)}</span>
          <Button tone="quiet" onClick={endNow} disabled={progress === null || going.ended}>
            End now
          </Button>
        </div>
      )}
      {failure === null ? null : <FailureNotice failure={failure} />}
    </Modal>
  );
}

function progressWords(progress: Progress | null, ended: boolean): string {
  if (progress === null) return 'Beginning…';
  return `${ended ? 'Ending: ' : ''}${plural(progress.samples, 'sample', 'samples')}`;
}
