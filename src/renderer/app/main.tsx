import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import './styles.js';
import { createRoot } from 'react-dom/client';
import type { ShellApi } from '../../contract/shell.js';
import { App } from './app.js';
import { ErrorBoundary } from './error-boundary.js';
import { createWorkbench, WorkbenchContext } from './workbench.js';

declare global {
  interface Window {
    /** Put there by the preload script. */
    readonly pyrometer?: ShellApi;
  }
}

/** Draws the window once the last session is back. */
async function start(api: ShellApi, root: HTMLElement): Promise<void> {
  const workbench = await createWorkbench(api, window);
  createRoot(root).render(
    <ErrorBoundary>
      <WorkbenchContext value={workbench}>
        <App />
      </WorkbenchContext>
    </ErrorBoundary>,
  );
}

const root = document.querySelector<HTMLElement>('#root');
if (root === null || window.pyrometer === undefined) throw new Error('this page is loaded by Pyrometer only');
void start(window.pyrometer, root); // a failure here is a bug and goes to the console
