import { useCallback, useState, type ReactElement } from 'react';
import { sampleRatesHz, windowLengths, type SamplingChange } from '../../../contract/profiled.js';
import type { Failure } from '../../../contract/result.js';
import { useNow } from '../../app/use-now.js';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { FailureNotice } from '../../ui/failure-notice.js';
import { Segments } from '../../ui/fields.js';
import { Modal } from '../../ui/modal.js';
import { rateLines } from './profiled-words.js';

type Rate = `${SamplingChange['rateHz']}`;
const rates = sampleRatesHz.map((rate): Rate => `${rate}`);
const rateLabels: Readonly<Record<Rate, string>> = {
  19: '19 Hz',
  49: '49 Hz',
  97: '97 Hz',
  199: '199 Hz',
  997: '997 Hz',
};
type Window = `${(typeof windowLengths)[number]}`;
const windows = windowLengths.map((seconds): Window => `${seconds}`);
const windowLabels: Readonly<Record<Window, string>> = { 5: '5 s', 10: '10 s', 15: '15 s', 30: '30 s', 60: '1 min' };
const lengths = ['0', '30', '60', '300', '900'] as const;
const lengthLabels = { 0: 'Until changed', 30: '30 s', 60: '1 min', 300: '5 min', 900: '15 min' } as const;

/** How often a running agent samples, from now on or for a burst, and how long its windows are. */
export function SamplingDialog({ targetId }: { readonly targetId: string }): ReactElement {
  const { store, links } = useControls();
  const target = useApp((state) => state.targets.find((other) => other.config.id === targetId));
  const status = target?.agent.status;
  const nowMs = useNow();
  const [rate, setRate] = useState<Rate>(
    () => rates.find((each) => Number(each) === (status?.burst?.returnsToHz ?? status?.budget?.wantedRateHz)) ?? '97',
  );
  const [length, setLength] = useState<(typeof lengths)[number]>('0');
  const [window, setWindow] = useState<Window | undefined>(() =>
    windows.find((each) => Number(each) === status?.windowSeconds),
  );
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  const apply = useCallback(() => {
    const rateHz = sampleRatesHz.find((each) => `${each}` === rate);
    if (rateHz === undefined) return;
    const run = async (): Promise<void> => {
      setBusy(true);
      const windowSeconds = windowLengths.find((each) => `${each}` === window);
      const change: SamplingChange = { rateHz, burstSeconds: Number(length), windowSeconds: windowSeconds ?? 0 };
      const result = await links.call('agent.setSampling', { targetId, change });
      setBusy(false);
      if (result.ok) close();
      else setFailure(result.failure);
    };
    void run(); // shows its own failure
  }, [close, length, links, rate, targetId, window]);
  const burst = length !== '0';
  return (
    <Modal
      title={`How often ${visibleText(target?.config.name ?? '')} is sampled`}
      subtitle={status === undefined ? undefined : rateLines(status, nowMs).join(' ')}
      confirm={burst ? `Sample ${rate} times a second for ${lengthLabels[length]}` : `Sample ${rate} times a second`}
      busy={busy}
      onConfirm={apply}
      onCancel={close}
    >
      <div className="field">
        <span className="field-label">Samples a second of each CPU</span>
        <Segments label="Rate" values={rates} labels={rateLabels} value={rate} onChoose={setRate} wide />
      </div>
      <div className="field">
        <span className="field-label">For how long</span>
        <Segments
          label="For how long"
          values={lengths}
          labels={lengthLabels}
          value={length}
          onChoose={setLength}
          wide
        />
        <p className="field-hint">
          {burst
            ? 'A burst: the agent returns to the rate of before by itself, also when this app is closed.'
            : 'Kept on the target, also when the agent is started anew.'}
        </p>
      </div>
      <div className="field">
        <span className="field-label">A window</span>
        <Segments label="A window" values={windows} labels={windowLabels} value={window} onChoose={setWindow} wide />
        <p className="field-hint">
          What a comparison repeats: shorter ones tell a change sooner, longer ones take less room. Kept on the target.
        </p>
      </div>
      <p className="field-hint">
        A new rate begins a new window and costs about half a second of samples. When it costs more than the agent may,
        the agent samples less, and says so.
      </p>
      {failure === null ? null : <FailureNotice failure={failure} />}
    </Modal>
  );
}
