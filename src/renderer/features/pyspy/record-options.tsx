import { useCallback, type ReactElement } from 'react';
import { defaultPySpyOptions, type PySpyOptions } from '../../../contract/pyspy.js';
import { useApp, useControls } from '../../app/workbench.js';
import { Button } from '../../ui/button.js';
import { CheckField, Segments, TextField } from '../../ui/fields.js';
import { ChevronIcon } from '../../ui/icons.js';
import { Popover } from '../../ui/menu.js';
import { optionsInWords, optionWords, paceLabels, type OptionWords } from './pyspy-words.js';

const paces = ['steady', 'sparse'] as const;

/** How py-spy records: a button that says what differs from the usual, and opens the switches with their meaning. */
export function RecordOptions(): ReactElement {
  const { store } = useControls();
  const options = useApp((state) => state.pyspyOptions);
  const change = useCallback(
    (changed: Partial<PySpyOptions>) => {
      store.setState((state) => ({ pyspyOptions: { ...state.pyspyOptions, ...changed } }));
    },
    [store],
  );
  const onRate = useCallback(
    (text: string) => {
      const rateHz = Number.parseInt(text, 10);
      change({ rateHz: Number.isNaN(rateHz) ? 1 : Math.min(1000, Math.max(1, rateHz)) });
    },
    [change],
  );
  const onPace = useCallback(
    (pace: (typeof paces)[number]) => {
      change({ pace });
    },
    [change],
  );
  const onSeconds = useCallback(
    (text: string) => {
      const seconds = Number.parseInt(text, 10);
      change({ forSeconds: Number.isNaN(seconds) ? undefined : Math.min(86_400, Math.max(1, seconds)) });
    },
    [change],
  );
  const said = optionsInWords(options, defaultPySpyOptions);
  return (
    <Popover
      label="How to record"
      role="dialog"
      align="end"
      button={(props) => (
        <Button {...props} aria-label="How to record" title={said === '' ? 'How to record' : said}>
          {said === '' ? 'Options' : 'Options changed'} <ChevronIcon />
        </Button>
      )}
    >
      {() => (
        <div className="pyspy-options">
          <Segments label="Pace" values={paces} labels={paceLabels} value={options.pace} onChoose={onPace} wide />
          <TextField
            label="Samples a second"
            value={String(options.rateHz)}
            onChange={onRate}
            inputMode="numeric"
            hint="97 by default. Each sample stops the process for a moment: a lower rate disturbs it less."
          />
          <TextField
            label="Seconds"
            value={options.forSeconds === undefined ? '' : String(options.forSeconds)}
            onChange={onSeconds}
            inputMode="numeric"
            hint="It ends by itself after so long. Empty: it goes on until you stop it."
          />
          {optionWords.map((words) => (
            <OptionSwitch key={words.key} words={words} checked={options[words.key]} onChange={change} />
          ))}
        </div>
      )}
    </Popover>
  );
}

interface SwitchProps {
  readonly words: OptionWords;
  readonly checked: boolean;
  readonly onChange: (changed: Partial<PySpyOptions>) => void;
}

function OptionSwitch({ words, checked, onChange }: SwitchProps): ReactElement {
  const change = useCallback(
    (now: boolean) => {
      onChange({ [words.key]: now });
    },
    [onChange, words.key],
  );
  return (
    <div>
      <CheckField label={words.label} checked={checked} onChange={change} />
      <p className="field-hint">{words.explanation}</p>
    </div>
  );
}
