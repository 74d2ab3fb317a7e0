import type { ReactElement } from 'react';
import { formatCount } from '../../format/numbers.js';
import { Button } from '../../ui/button.js';

interface Props {
  /** What is counted, in the plural: "earlier windows". */
  readonly what: string;
  readonly done: number;
  /** May turn out to be more. */
  readonly of: number;
  readonly cancel: () => void;
}

/** How many windows of a comparison are here, and a button that stops there. */
export function WindowsProgress({ what, done, of, cancel }: Props): ReactElement {
  return (
    <div className="changes-progress" role="status">
      <progress max={Math.max(1, of)} value={done} aria-label={`${what.charAt(0).toUpperCase()}${what.slice(1)}`} />
      <span className="mute">
        {formatCount(done)} of {formatCount(Math.max(of, done))} {what}
      </span>
      <Button tone="quiet" onClick={cancel}>
        Cancel
      </Button>
    </div>
  );
}
