import type { ReactElement } from 'react';
import { CheckField } from '../../ui/fields.js';

interface Props {
  readonly value: boolean;
  readonly onChange: (value: boolean) => void;
}

/** Whether an agent that is started on the server comes back after a reboot, and what that puts there. */
export function StartsAtBootField({ value, onChange }: Props): ReactElement {
  return (
    <div className="field">
      <CheckField label="Start the agent again after a reboot" checked={value} onChange={onChange} />
      <p className="field-hint">
        Needs systemd. Start agent then also puts a unit into /etc/systemd/system and the program into /opt/pyrometer;
        Stop agent takes both away.
      </p>
    </div>
  );
}
