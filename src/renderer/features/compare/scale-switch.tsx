import { useCallback, type ReactElement } from 'react';
import type { FrameWidth, Scale } from '../../../contract/decoder.js';
import { scalingWords } from '../../../core/compare/sentences.js';
import { useApp, useControls } from '../../app/workbench.js';
import { showTab } from '../../state/panes.js';
import { Button } from '../../ui/button.js';
import { Segments } from '../../ui/fields.js';
import { ChevronIcon } from '../../ui/icons.js';
import { MenuItem, Popover } from '../../ui/menu.js';
import { WorkForm } from './work-form.js';

type ScaleName = Exclude<Scale['by'], 'auto'> | 'measured';
/** The third one asks for numbers first and is a button beside these. */
const scales: readonly ScaleName[] = ['relative', 'absolute'];
const scaleLabels = { relative: 'Relative', absolute: 'Absolute', work: '', measured: '' } as const;

/** How the sides of a diff are made comparable, and what frames are as wide as. */
export function ScaleSwitch(): ReactElement {
  const { store } = useControls();
  const scaling = useApp((state) => state.viewHeader?.scaling);
  const type = useApp((state) => state.viewHeader?.sampleType.type ?? '');
  const chosen = useApp((state) => state.scale);
  // What was chosen shows at once; what is chosen by itself is known when the view is there.
  const shown: ScaleName = chosen.by === 'auto' ? (scaling?.by ?? 'relative') : chosen.by;
  const choose = useCallback(
    (by: ScaleName) => {
      if (by === 'relative' || by === 'absolute') store.setState({ scale: { by } });
    },
    [store],
  );
  const words = scaling === undefined ? '' : scalingWords(scaling, chosen.by === 'auto', type);
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
  const sideBySide = useApp((state) => state.sideBySide);
  const choose = (frameWidth: FrameWidth) => () => {
    store.setState({ frameWidth, sideBySide: false });
  };
  const chooseBoth = useCallback(() => {
    store.setState((state) => ({ ...showTab(state, 'flame'), sideBySide: true }));
  }, [store]);
  const openNames = useCallback(() => {
    store.setState({ dialog: { kind: 'names' } });
  }, [store]);
  const [name] = sideBySide ? ['A and B'] : widthWords[width];
  const short = sideBySide ? 'A | B' : width === 'mean' ? 'A+B' : name;
  return (
    <Popover
      label="Width of frames"
      button={(props) => (
        <Button
          tone="quiet"
          {...props}
          aria-label={short === name ? `Width ${name}` : `Width ${short}, ${name}`}
          title="What frames are as wide as"
        >
          Width {short} <ChevronIcon />
        </Button>
      )}
    >
      {(close) => (
        <>
          {widths.map((each) => {
            const [label, note] = widthWords[each];
            const shown = each === width && !sideBySide;
            return (
              <MenuItem key={each} close={close} onChoose={choose(each)} hint={shown ? 'shown' : note}>
                {label}
              </MenuItem>
            );
          })}
          <MenuItem close={close} onChoose={chooseBoth} hint={sideBySide ? 'shown' : 'two graphs, one zoom'}>
            A and B side by side
          </MenuItem>
          <hr />
          <MenuItem close={close} onChoose={openNames}>
            Names: which functions are the same one…
          </MenuItem>
        </>
      )}
    </Popover>
  );
}

/** Asks how much work each side did, since no profile knows. */
function WorkField({ pressed }: { readonly pressed: boolean }): ReactElement {
  const { store } = useControls();
  const scale = useApp((state) => state.scale);
  const use = useCallback(
    (close: () => void) => (work: Scale, workCounted: boolean) => {
      store.setState({ scale: work, workCounted });
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
