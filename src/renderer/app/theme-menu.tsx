import { useCallback, type ReactElement } from 'react';
import type { Settings } from '../../contract/settings.js';
import { changeSettings } from '../state/settings-control.js';
import { themes } from '../state/theme-control.js';
import { IconButton } from '../ui/button.js';
import { MoonIcon, SunIcon } from '../ui/icons.js';
import { MenuItem, Popover } from '../ui/menu.js';
import { useApp, useControls } from './workbench.js';

/** Light, dark, high contrast, or what the system has. */
export function ThemeMenu(): ReactElement {
  const controls = useControls();
  const chosen = useApp((state) => state.settings.theme);
  const light = useApp((state) => state.shownTheme === 'light');
  const choose = useCallback(
    (theme: Settings['theme']) => () => {
      changeSettings(controls, { theme });
    },
    [controls],
  );
  return (
    <Popover
      label="Theme"
      align="end"
      button={(props) => (
        <IconButton label="Theme" {...props}>
          {light ? <SunIcon /> : <MoonIcon />}
        </IconButton>
      )}
    >
      {(close) =>
        themes.map(({ theme, title }) => (
          <MenuItem
            key={theme}
            close={close}
            onChoose={choose(theme)}
            {...(theme === chosen ? { hint: 'chosen' } : {})}
          >
            {title}
          </MenuItem>
        ))
      }
    </Popover>
  );
}
