import { useCallback, type ReactElement } from 'react';
import { frameColour, groupColour } from '../../core/flame/colours.js';
import { toHex } from '../../core/flame/oklch.js';
import { useApp, useControls } from '../app/workbench.js';
import { formatShare } from '../format/numbers.js';
import { visibleText } from '../format/visible-text.js';
import { useCell } from '../state/cell.js';
import { changeSettings } from '../state/settings-control.js';
import { themeOf } from '../state/theme-control.js';
import { Segments } from '../ui/fields.js';
import { ChevronIcon } from '../ui/icons.js';
import { Popover } from '../ui/menu.js';
import { frameKindWords } from './operation-words.js';
import { largestGroups, type Colouring } from './palette.js';

const colourings = ['package', 'file', 'library', 'kind'] as const;
const colouringLabels = { package: 'Package', file: 'File', library: 'Library', kind: 'Kind of code' } as const;
const framePalettes = ['hues', 'blue-yellow'] as const;
const framePaletteLabels = { hues: 'All hues', 'blue-yellow': 'Blue and yellow' } as const;
const orientations = ['icicle', 'flame'] as const;
const orientationLabels = { icicle: 'Root on top', flame: 'Root at the bottom' } as const;
const mostGroups = 12;

/** What frames are coloured by, in which colours, which way the graph stands; with a legend of what is drawn. */
export function ColoursMenu(): ReactElement {
  const controls = useControls();
  const { colourBy, framePalette, orientation } = useApp((state) => state.settings);
  const chooseColouring = useCallback(
    (next: Colouring['colourBy']) => {
      changeSettings(controls, { colourBy: next });
    },
    [controls],
  );
  const choosePalette = useCallback(
    (next: Colouring['framePalette']) => {
      changeSettings(controls, { framePalette: next });
    },
    [controls],
  );
  const chooseOrientation = useCallback(
    (next: (typeof orientations)[number]) => {
      changeSettings(controls, { orientation: next });
    },
    [controls],
  );
  return (
    <Popover
      label="Colours"
      role="dialog"
      align="end"
      button={(props) => (
        <button
          type="button"
          className="crumb"
          title="What the colours mean, and which way the graph stands"
          {...props}
        >
          Colours <ChevronIcon />
        </button>
      )}
    >
      {() => (
        <div className="colours">
          <Segments
            label="Colour by"
            values={colourings}
            labels={colouringLabels}
            value={colourBy}
            onChoose={chooseColouring}
            wide
          />
          <Segments
            label="Palette"
            values={framePalettes}
            labels={framePaletteLabels}
            value={framePalette}
            onChoose={choosePalette}
            wide
          />
          <Segments
            label="Root"
            values={orientations}
            labels={orientationLabels}
            value={orientation}
            onChoose={chooseOrientation}
            wide
          />
          <GroupLegend colourBy={colourBy} framePalette={framePalette} />
        </div>
      )}
    </Popover>
  );
}

/** The groups that most time is in, with their colours and their shares of it. */
function GroupLegend({ colourBy, framePalette }: Colouring): ReactElement | null {
  const { flame } = useControls();
  const model = useCell(flame);
  const theme = useApp((state) => themeOf(state.shownTheme));
  if (model === null) return null;
  const fill = (group: string): string =>
    toHex(group === '' ? frameColour(theme, '', '', 'unknown').fill : groupColour(theme, group, framePalette));
  const words = (group: string): string => {
    if (group === '') return 'not known';
    return visibleText(colourBy === 'kind' ? frameKindWords(group) : group);
  };
  return (
    <ul className="group-legend" aria-label="Legend">
      {largestGroups(model, colourBy, mostGroups).map(({ group, self }) => (
        <li key={group} title={words(group)}>
          <i className="swatch" style={{ background: fill(group) }} />
          <span className="clip">{words(group)}</span>
          <span className="mute">{formatShare(self / model.total)}</span>
        </li>
      ))}
    </ul>
  );
}
