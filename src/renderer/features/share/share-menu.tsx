import type { ReactElement } from 'react';
import type { ShareFormat } from '../../../contract/decoder.js';
import { useApp, useControls } from '../../app/workbench.js';
import { share } from '../../state/documents-control.js';
import { Button } from '../../ui/button.js';
import { MenuItem, Popover } from '../../ui/menu.js';

/** Writes what is on the screen to one file for a colleague. */
export function ShareMenu(): ReactElement {
  const controls = useControls();
  const source = useApp((state) => (state.viewHeader !== null && state.viewHeader.total > 0 ? state.viewSource : null));
  const as = (format: ShareFormat) => () => {
    void share(controls, format); // shows its own failure
  };
  const diff = source?.kind === 'diff';
  return (
    <Popover
      label="Share"
      align="end"
      button={(props) => (
        <Button {...props} disabled={source === null}>
          Share
        </Button>
      )}
    >
      {(close) => (
        <>
          <MenuItem close={close} onChoose={as('html')} hint="opens in any browser">
            HTML
          </MenuItem>
          <MenuItem close={close} onChoose={as('pprof')} disabled={diff} hint={diff ? 'not of a diff' : '.pb.gz'}>
            pprof
          </MenuItem>
          <MenuItem close={close} onChoose={as('folded')} disabled={diff} hint={diff ? 'not of a diff' : 'text'}>
            Folded stacks
          </MenuItem>
        </>
      )}
    </Popover>
  );
}
