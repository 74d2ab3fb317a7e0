import { useCallback, type ReactElement } from 'react';
import { targetColours, type TargetColour } from '../../../contract/target.js';

type Choice = TargetColour | 'none';

interface Props {
  readonly value: Choice;
  readonly onChoose: (colour: Choice) => void;
}

/** The colour that a server is marked with in the list. */
export function ColourField({ value, onChoose }: Props): ReactElement {
  return (
    <div className="field">
      <span className="field-label">Colour</span>
      <div className="mark-choices" role="radiogroup" aria-label="Colour">
        {(['none', ...targetColours] as const).map((colour) => (
          <Swatch key={colour} colour={colour} chosen={colour === value} onChoose={onChoose} />
        ))}
      </div>
    </div>
  );
}

interface SwatchProps {
  readonly colour: Choice;
  readonly chosen: boolean;
  readonly onChoose: (colour: Choice) => void;
}

function Swatch({ colour, chosen, onChoose }: SwatchProps): ReactElement {
  const choose = useCallback(() => {
    onChoose(colour);
  }, [onChoose, colour]);
  return (
    <button
      type="button"
      role="radio"
      className="mark-choice"
      data-mark={colour}
      aria-checked={chosen}
      aria-label={colour === 'none' ? 'No colour' : colour}
      title={colour === 'none' ? 'No colour' : colour}
      onClick={choose}
    />
  );
}
