import { useCallback, type ReactElement } from 'react';
import { Segments } from '../ui/fields.js';
import { useApp, useControls } from './workbench.js';

const normalisations = ['share', 'absolute'] as const;
const normalisationLabels = { share: 'Shares', absolute: 'Absolute' } as const;

/** How the sides of a diff are made comparable. */
export function NormalisationSwitch(): ReactElement {
  const { store } = useControls();
  const value = useApp((state) => state.normalisation);
  const choose = useCallback(
    (normalisation: (typeof normalisations)[number]) => {
      store.setState({ normalisation });
    },
    [store],
  );
  return (
    <Segments label="Compare as" values={normalisations} labels={normalisationLabels} value={value} onChoose={choose} />
  );
}
