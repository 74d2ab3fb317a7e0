import { useCallback, useState, type ReactElement } from 'react';
import type { WatchRule, WatchState } from '../../../contract/watching.js';
import type { FunctionName } from '../../../core/compare/function-keys.js';
import { ruleWords, watchedName } from '../../../core/watch/words.js';
import { useNow } from '../../app/use-now.js';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { addWatch, canWatch, copyPrometheusRules, removeWatch, showWatch } from '../../state/watches-control.js';
import { Button } from '../../ui/button.js';
import { Segments, TextField } from '../../ui/fields.js';
import { Modal } from '../../ui/modal.js';
import { StateDot } from '../targets/state-dot.js';
import { fullWords, thresholdOf, type WatchForm } from './watch-form.js';
import { watchLine } from './watch-words.js';

const measures = ['share', 'cores'] as const;
const measureLabels = { share: 'Share of all', cores: 'Cores' } as const;

/** What is watched and how it is; adds the function that it was opened for, or the chosen service. */
export function WatchesDialog({ of }: { readonly of?: FunctionName }): ReactElement {
  const controls = useControls();
  const { store } = controls;
  const rules = useApp((state) => state.settings.watches);
  const states = useApp((state) => state.watchStates);
  const possible = useApp(canWatch);
  const service = useApp((state) => state.serviceName ?? '');
  const [form, setForm] = useState<WatchForm>({ measure: of === undefined ? 'cores' : 'share', threshold: '' });
  const [error, setError] = useState<string>();
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  const choose = useCallback((measure: WatchForm['measure']) => {
    setForm((before) => ({ ...before, measure }));
    setError(undefined);
  }, []);
  const type = useCallback((threshold: string) => {
    setForm((before) => ({ ...before, threshold }));
    setError(undefined);
  }, []);
  const copy = useCallback(() => {
    copyPrometheusRules(controls);
  }, [controls]);
  const full = fullWords(rules.length);
  const thing = { service, measure: form.measure, most: 0, ...(of === undefined ? {} : { function: of }) };
  const name = visibleText(watchedName(thing));
  const add = (): void => {
    const read = thresholdOf(form);
    if ('error' in read) {
      setError(read.error);
      return;
    }
    addWatch(controls, { measure: form.measure, most: read.most, ...(of === undefined ? {} : { function: of }) });
    setForm((before) => ({ ...before, threshold: '' }));
  };
  const adds = possible && full === undefined;
  return (
    <Modal
      title="Watch list"
      subtitle="The app looks at every new window while it is connected, and tells by a notification what is above its threshold for certain."
      confirm={adds ? `Watch ${of === undefined ? 'the service' : 'the function'}` : 'Close'}
      cancel={adds ? 'Close' : ''}
      onConfirm={adds ? add : close}
      onCancel={close}
      aside={
        rules.length === 0 ? null : (
          <Button tone="quiet" onClick={copy}>
            Copy as Prometheus rules
          </Button>
        )
      }
    >
      {rules.length === 0 ? (
        <p className="field-hint">Nothing is watched yet. Right-click a frame to watch its function.</p>
      ) : (
        <ul className="watches" aria-label="Watched">
          {rules.map((rule) => (
            <Watched key={rule.id} rule={rule} state={states.find(({ ruleId }) => ruleId === rule.id)} />
          ))}
        </ul>
      )}
      {full === undefined ? null : <p className="field-hint">{full}</p>}
      {adds ? (
        <fieldset className="watch-new">
          <legend className="field-label">Watch {name}</legend>
          {of === undefined ? null : (
            <Segments
              label="Measured as"
              values={measures}
              labels={measureLabels}
              value={form.measure}
              onChoose={choose}
              wide
            />
          )}
          <TextField
            label={form.measure === 'share' ? 'Its share stays below, in %' : 'It uses at most, in cores'}
            value={form.threshold}
            onChange={type}
            placeholder={form.measure === 'share' ? '5' : '0.5'}
            error={error}
            hint="Judged from now on; the hour before teaches what chance does."
            autoFocus={of !== undefined}
          />
        </fieldset>
      ) : null}
    </Modal>
  );
}

interface WatchedProps {
  readonly rule: WatchRule;
  readonly state: WatchState | undefined;
}

function Watched({ rule, state }: WatchedProps): ReactElement {
  const controls = useControls();
  const nowMs = useNow();
  const target = useApp((app) => app.targets.find(({ config }) => config.id === rule.targetId)?.config.name);
  const show = useCallback(() => {
    showWatch(controls, rule.id);
  }, [controls, rule.id]);
  const remove = useCallback(() => {
    removeWatch(controls, rule.id);
  }, [controls, rule.id]);
  const name = visibleText(watchedName(rule));
  const { shape, tone, text } = watchLine(rule, state, nowMs);
  return (
    <li>
      <div className="watch-head">
        <StateDot shape={shape} />
        <span className="watch-name selectable" title={visibleText(rule.function?.file ?? rule.selector)}>
          {name}
        </span>
        <Button tone="quiet" onClick={show} disabled={target === undefined} aria-label={`Show ${name}`}>
          Show
        </Button>
        <Button tone="quiet" onClick={remove} aria-label={`Remove ${name}`}>
          Remove
        </Button>
      </div>
      <p className="watch-line">
        {ruleWords(rule)}, on {target === undefined ? 'a server that is not in the list' : visibleText(target)}
      </p>
      <p className={`watch-line ${tone} selectable`}>{text}</p>
    </li>
  );
}
