import { useCallback, type ReactElement } from 'react';
import type { Turnover } from '../../../core/compare/turnovers.js';
import { keysWords } from '../../app/keys.js';
import { useApp, useControls } from '../../app/workbench.js';
import { compareAround, compareWithBefore, compareWithEarlier } from '../../state/comparison-control.js';
import { Button } from '../../ui/button.js';
import { ChevronIcon } from '../../ui/icons.js';
import { MenuItem, Popover } from '../../ui/menu.js';
import { turnoverWords } from './turnover-words.js';

const hourMs = 3_600_000;
/** Hours, days and weeks before: the same load is likeliest then. */
export const earlier = [
  ['The same time an hour before', hourMs],
  ['The same time a day before', 24 * hourMs],
  ['The same time a week before', 7 * 24 * hourMs],
] as const;
const mostTurnovers = 5;

/** What the selection can be compared with: the time before, a deploy or restart, another time of day, something else. */
export function CompareMenu(): ReactElement {
  const controls = useControls();
  const { clock, store, shell } = controls;
  const mac = shell.platform === 'darwin';
  const turnovers = useApp((state) => state.turnovers.turnovers);
  const before = useCallback(() => {
    compareWithBefore(controls);
  }, [controls]);
  const choose = useCallback(() => {
    store.setState({ dialog: { kind: 'compare' } });
  }, [store]);
  const around = (turnover: Turnover) => () => {
    compareAround(controls, turnover);
  };
  const withEarlier = (byMs: number) => () => {
    compareWithEarlier(controls, byMs);
  };
  return (
    <Popover
      label="Compare with"
      align="end"
      button={(props) => (
        <Button {...props} title="Compare with another time, service or profile (Shift-drag on the timeline)">
          Compare <ChevronIcon />
        </Button>
      )}
    >
      {(close) => (
        <>
          <MenuItem close={close} onChoose={before} hint={keysWords('Mod+D', mac)}>
            The range before
          </MenuItem>
          {turnovers.slice(-mostTurnovers).map((turnover) => (
            <MenuItem
              key={`${turnover.service} ${turnover.newFromMs}`}
              close={close}
              onChoose={around(turnover)}
              hint="before and after"
            >
              {turnoverWords(turnover, clock())}
            </MenuItem>
          ))}
          {earlier.map(([words, byMs]) => (
            <MenuItem key={byMs} close={close} onChoose={withEarlier(byMs)}>
              {words}
            </MenuItem>
          ))}
          <MenuItem close={close} onChoose={choose}>
            Another service, label, snapshot or file…
          </MenuItem>
        </>
      )}
    </Popover>
  );
}
