import { useCallback, useId, useState, type ChangeEvent, type ReactElement, type SyntheticEvent } from 'react';
import type { FrameWidth, Scale } from '../../../contract/decoder.js';
import { scalingWords } from '../../../core/compare/sentences.js';
import { useApp, useControls } from '../../app/workbench.js';
import { Button } from '../../ui/button.js';
import { Segments } from '../../ui/fields.js';
import { ChevronIcon } from '../../ui/icons.js';
import { MenuItem, Popover } from '../../ui/menu.js';

type ScaleName = Exclude<Scale['by'], 'auto'> | 'measured';
/** The third one asks for numbers first and is a button beside these. */
const scales: readonly ScaleName[] = ['relative', 'absolute'];
const scaleLabels = { relative: 'Relative', absolute: 'Absolute', work: '', measured: '' } as const;

/** How the sides of a diff are made comparable, and what frames are as wide as. */
export function ScaleSwitch(): ReactElement {
  const { store } = useControls();
  const scaling = useApp((state) => state.viewHeader?.scaling);
  const chosen = useApp((state) => state.scale);
  // What was chosen shows at once; what is chosen by itself is known when the view is there.
  const shown: ScaleName = chosen.by === 'auto' ? (scaling?.by ?? 'relative') : chosen.by;
  const choose = useCallback(
    (by: ScaleName) => {
      if (by === 'relative' || by === 'absolute') store.setState({ scale: { by } });
    },
    [store],
  );
  const words = scaling === undefined ? '' : scalingWords(scaling, chosen.by === 'auto');
  return (
    <div className="scale-switch" title={words}>
      <Segments label="Compare as" values={scales} labels={scaleLabels} value={shown} onChoose={choose} />
      <WorkField pressed={shown === 'work'} />
      <WidthMenu />
    </div>
  );
}

const widths: readonly FrameWidth[] = ['mean', 'baseline', 'comparison'];
const widthWords: Readonly<Record<FrameWidth, readonly [string, string]>> = {
  mean: ['Mean of A and B', 'new and gone are both drawn'],
  baseline: ['A', 'without what is new'],
  comparison: ['B', 'without what is gone'],
};

function WidthMenu(): ReactElement {
  const { store } = useControls();
  const width = useApp((state) => state.frameWidth);
  const choose = (frameWidth: FrameWidth) => () => {
    store.setState({ frameWidth });
  };
  const [name] = widthWords[width];
  return (
    <Popover
      label="Width of frames"
      button={(props) => (
        <Button tone="quiet" {...props} aria-label={`Width, ${name}`} title="What frames are as wide as">
          Width {width === 'mean' ? 'A+B' : name} <ChevronIcon />
        </Button>
      )}
    >
      {(close) =>
        widths.map((each) => {
          const [label, note] = widthWords[each];
          return (
            <MenuItem key={each} close={close} onChoose={choose(each)} hint={each === width ? 'shown' : note}>
              {label}
            </MenuItem>
          );
        })
      }
    </Popover>
  );
}

/** Asks how much work each side did, since no profile knows. */
function WorkField({ pressed }: { readonly pressed: boolean }): ReactElement {
  const { store } = useControls();
  const scale = useApp((state) => state.scale);
  const use = useCallback(
    (close: () => void) => (work: Scale) => {
      store.setState({ scale: work });
      close();
    },
    [store],
  );
  return (
    <Popover
      label="Work that was done"
      role="dialog"
      button={(props) => (
        <Button
          tone="quiet"
          {...props}
          aria-pressed={pressed}
          title="Divide by requests, messages or whatever was counted on both sides"
        >
          Per unit <ChevronIcon />
        </Button>
      )}
    >
      {(close) => <WorkForm scale={scale} onUse={use(close)} />}
    </Popover>
  );
}

function WorkForm({ scale, onUse }: { readonly scale: Scale; readonly onUse: (scale: Scale) => void }): ReactElement {
  const known = scale.by === 'work' ? scale : null;
  const [baseline, setBaseline] = useState(known === null ? '' : String(known.baseline));
  const [comparison, setComparison] = useState(known === null ? '' : String(known.comparison));
  const [wrong, setWrong] = useState('');
  const ids = useId();
  const submit = useCallback(
    (event: SyntheticEvent) => {
      event.preventDefault();
      const [before, after] = [amountOf(baseline), amountOf(comparison)];
      if (before === null || after === null) setWrong('Say how many on both sides: numbers above 0.');
      else onUse({ by: 'work', baseline: before, comparison: after });
    },
    [baseline, comparison, onUse],
  );
  const set = (take: (text: string) => void) => (event: ChangeEvent<HTMLInputElement>) => {
    take(event.target.value);
  };
  return (
    <form className="work-form" onSubmit={submit}>
      <p className="details-hint">Requests, messages or what else was counted in each range.</p>
      <label htmlFor={`${ids}-a`}>In A</label>
      <input id={`${ids}-a`} inputMode="decimal" value={baseline} onChange={set(setBaseline)} />
      <label htmlFor={`${ids}-b`}>In B</label>
      <input id={`${ids}-b`} inputMode="decimal" value={comparison} onChange={set(setComparison)} />
      {wrong === '' ? null : (
        <p className="field-error" role="alert">
          {wrong}
        </p>
      )}
      <Button tone="accent" type="submit">
        Compare per unit
      </Button>
    </form>
  );
}

function amountOf(text: string): number | null {
  const value = Number(text.replaceAll(/[\s,_]/g, ''));
  return text.trim() !== '' && Number.isFinite(value) && value > 0 && value <= 1e18 ? value : null;
}
