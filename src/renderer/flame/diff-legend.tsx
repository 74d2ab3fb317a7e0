import { useCallback, type CSSProperties, type ReactElement } from 'react';
import { diffColour, diffSteps, patternColour, type DiffPalette } from '../../core/flame/diff-colours.js';
import { toHex } from '../../core/flame/oklch.js';
import { useApp, useControls } from '../app/workbench.js';
import { changeSettings } from '../state/settings-control.js';
import { useCell } from '../state/cell.js';
import { themeOf } from '../state/theme-control.js';
import { MenuItem, Popover } from '../ui/menu.js';

const palettes: readonly DiffPalette[] = ['blue-red', 'violet-yellow'];
const paletteWords: Readonly<Record<DiffPalette, readonly [string, string]>> = {
  'blue-red': ['Blue and red', ''],
  'violet-yellow': ['Violet and yellow', 'tells also by lightness'],
};

/** Of a step, as forced-palette.ts paints it. */
function forcedFill(step: number): string {
  return step === 0 ? 'GrayText' : step > 0 ? 'Highlight' : 'CanvasText';
}

/** What the colours and patterns of a diff mean, in the colours that are drawn; a press chooses others. */
export function DiffLegend(): ReactElement {
  const controls = useControls();
  const shown = useApp((state) => state.shownTheme);
  const theme = themeOf(shown);
  const palette = useApp((state) => state.settings.diffPalette);
  const judged = useCell(controls.certainty)?.value.abstained === undefined && controls.certainty.get() !== null;
  const choose = useCallback(
    (diffPalette: DiffPalette) => () => {
      changeSettings(controls, { diffPalette });
    },
    [controls],
  );
  const swatch = (step: number): CSSProperties => ({
    background: shown === 'forced' ? forcedFill(step) : toHex(diffColour(theme, palette, step).fill),
  });
  const hatched = (step: number): CSSProperties => {
    const colour = diffColour(theme, palette, step);
    const angle = step > 0 ? -45 : 45;
    const [line, fill] =
      shown === 'forced' ? ['Canvas', forcedFill(step)] : [toHex(patternColour(colour)), toHex(colour.fill)];
    return { background: `repeating-linear-gradient(${angle}deg, ${line} 0 1px, ${fill} 1px 4px)` };
  };
  return (
    <Popover
      label="Colours of a diff"
      align="end"
      button={(props) => (
        <button type="button" className="legend" data-hint="diff" title="Choose other colours" {...props}>
          <i className="swatch" style={swatch(-diffSteps)} />
          <i className="swatch" style={swatch(-1)} />
          <span className="less">less in B</span>
          <i className="swatch" style={swatch(0)} />
          <span>{judged ? 'not certain' : 'same'}</span>
          <i className="swatch" style={swatch(1)} />
          <i className="swatch" style={swatch(diffSteps)} />
          <span className="more">more in B</span>
          <i className="swatch" style={hatched(-diffSteps)} />
          <span>gone</span>
          <i className="swatch" style={hatched(diffSteps)} />
          <span>new</span>
          {judged ? (
            <>
              <i className="swatch certain" style={swatch(diffSteps)} />
              <span>certain</span>
            </>
          ) : null}
        </button>
      )}
    >
      {(close) =>
        palettes.map((each) => {
          const [name, note] = paletteWords[each];
          const hint = each === palette ? 'shown' : note;
          return (
            <MenuItem key={each} close={close} onChoose={choose(each)} {...(hint === '' ? {} : { hint })}>
              {name}
            </MenuItem>
          );
        })
      }
    </Popover>
  );
}
