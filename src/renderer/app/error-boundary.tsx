import { Component, type ReactNode } from 'react';
import { Button } from '../ui/button.js';

interface Props {
  readonly children: ReactNode;
}
interface State {
  readonly error: Error | null;
}

/** A bug in a view takes the view away, not the window: one sentence, the way back, and what to report. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: unknown): State {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <div className="crash" role="alert">
        <h1>This view broke</h1>
        <p>That is a bug in Pyrometer. Recordings and saved snapshots are safe; the window can be loaded again.</p>
        <Button tone="accent" large onClick={reload}>
          Load again
        </Button>
        <details>
          <summary>Details</summary>
          <pre className="selectable scroll">{error.stack ?? error.message}</pre>
        </details>
      </div>
    );
  }
}

function reload(): void {
  location.reload();
}
