import { useCallback, useEffect, useState, type ReactElement } from 'react';
import type { About } from '../../contract/shell.js';
import { CompareDialog } from '../features/compare/compare-dialog.js';
import { LabelsDialog } from '../features/labels/labels-dialog.js';
import { NamesDialog } from '../features/compare/names-dialog.js';
import { OpenLinkDialog } from '../features/compare/open-link-dialog.js';
import { RenameDialog } from '../features/compare/rename-dialog.js';
import { TimesDialog } from '../features/heat/times-dialog.js';
import { LogDialog } from '../features/logs/log-dialog.js';
import { NamingDialog } from '../features/naming/naming-dialog.js';
import { ProfiledDialog } from '../features/profiled/profiled-dialog.js';
import { SamplingDialog } from '../features/profiled/sampling-dialog.js';
import { PromptDialog } from '../features/prompts/prompt-dialog.js';
import { MemoryDialog } from '../features/pyspy/memory-dialog.js';
import { PushesDialog } from '../features/pushes/pushes-dialog.js';
import { CodeFoldersDialog } from '../features/source/code-folders-dialog.js';
import { ImportServerDialog } from '../features/targets/import-server-dialog.js';
import { RemoveSnapshotDialog, SaveSnapshotDialog } from '../features/snapshots/snapshot-dialogs.js';
import { ChecksDialog } from '../features/targets/checks-dialog.js';
import { LeftoversDialog } from '../features/targets/leftovers-dialog.js';
import { PyroscopeDialog } from '../features/targets/pyroscope-dialog.js';
import { ReceiptDialog } from '../features/targets/receipt-dialog.js';
import { RemoveTargetDialog } from '../features/targets/remove-target-dialog.js';
import { RestartAgentDialog } from '../features/targets/restart-agent-dialog.js';
import { ServerDialog } from '../features/targets/server-dialog.js';
import { StopAgentDialog } from '../features/targets/stop-agent-dialog.js';
import { TunnelDialog } from '../features/tunnels/tunnel-dialog.js';
import { WatchesDialog } from '../features/watches/watches-dialog.js';
import type { Dialog } from '../state/store.js';
import { Modal } from '../ui/modal.js';
import { commands } from './commands.js';
import { keysWords } from './keys.js';
import { useApp, useControls } from './workbench.js';

/** The open dialog, and above it the question that waits for an answer. */
export function Dialogs(): ReactElement {
  const dialog = useApp((state) => state.dialog);
  return (
    <>
      {dialog === null ? null : <OpenDialog dialog={dialog} />}
      <PromptDialog />
    </>
  );
}

function OpenDialog({ dialog }: { readonly dialog: Dialog }): ReactElement {
  switch (dialog.kind) {
    case 'server':
      return <ServerDialog targetId={dialog.targetId} draft={dialog.draft} />;
    case 'import-server':
      return <ImportServerDialog />;
    case 'remove-target':
      return <RemoveTargetDialog targetId={dialog.targetId} />;
    case 'leftovers':
      return <LeftoversDialog targetId={dialog.targetId} />;
    case 'checks':
      return <ChecksDialog targetId={dialog.targetId} />;
    case 'receipt':
      return <ReceiptDialog targetId={dialog.targetId} />;
    case 'stop-agent':
      return <StopAgentDialog targetId={dialog.targetId} />;
    case 'log':
      return <LogDialog targetId={dialog.targetId} />;
    case 'restart-agent':
      return <RestartAgentDialog targetId={dialog.targetId} />;
    case 'pyroscope':
      return <PyroscopeDialog targetId={dialog.targetId} />;
    case 'tunnel':
      return <TunnelDialog targetId={dialog.targetId} />;
    case 'pushes':
      return <PushesDialog targetId={dialog.targetId} />;
    case 'profiled':
      return <ProfiledDialog targetId={dialog.targetId} />;
    case 'sampling':
      return <SamplingDialog targetId={dialog.targetId} />;
    case 'naming':
      return <NamingDialog targetId={dialog.targetId} />;
    case 'memory':
      return <MemoryDialog targetId={dialog.targetId} service={dialog.service} />;
    case 'times':
      return <TimesDialog targetId={dialog.targetId} />;
    case 'compare':
      return <CompareDialog />;
    case 'labels':
      return <LabelsDialog />;
    case 'names':
      return <NamesDialog />;
    case 'code-folders':
      return <CodeFoldersDialog />;
    case 'open-link':
      return <OpenLinkDialog />;
    case 'rename':
      return <RenameDialog of={dialog.of} is={dialog.is} />;
    case 'watches':
      return <WatchesDialog {...(dialog.of === undefined ? {} : { of: dialog.of })} />;
    case 'save-snapshot':
      return <SaveSnapshotDialog />;
    case 'remove-snapshot':
      return <RemoveSnapshotDialog snapshotId={dialog.snapshotId} />;
    case 'about':
      return <AboutDialog />;
    case 'keys':
      return <KeysDialog />;
  }
}

function useClose(): () => void {
  const { store } = useControls();
  return useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
}

function AboutDialog(): ReactElement {
  const { shell } = useControls();
  const close = useClose();
  const [about, setAbout] = useState<About | null>(null);
  useEffect(() => {
    const ask = async (): Promise<void> => {
      const result = await shell.call('app.about', {});
      if (result.ok) setAbout(result.value);
    };
    void ask(); // the dialog stays without numbers
  }, [shell]);
  const lines: readonly (readonly [string, string])[] =
    about === null
      ? []
      : [
          ['Version', about.version],
          ['Electron', `${about.electron}, ${about.runtimeSource}`],
          ['Chromium', about.chromium],
          ['Node', about.node],
          ['Platform', about.platform],
          ['Sandbox', about.sandboxed ? 'on' : 'off'],
        ];
  return (
    <Modal
      title="Pyrometer"
      subtitle="Reads the heat of servers from afar. Nothing leaves this machine by itself."
      confirm="Close"
      cancel=""
      onConfirm={close}
      onCancel={close}
    >
      <dl className="pairs selectable">
        {lines.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}

/** Of the window's own menu alone. */
const menuKeys: readonly (readonly [string, string])[] = [
  ['New window', 'Mod+Shift+N'],
  ['Zoom to the whole', 'Mod+0'],
];

const viewKeys: readonly (readonly [string, string])[] = [
  ['Give up what is being loaded', 'Esc'],
  ['Search: to the next match, to the one before', 'Enter, Shift Enter'],
  ['Menu: open what is beside, back', '→ ←'],
  ['Menu: to what begins with a letter', 'its letter'],
  ['Graph: to the caller, to the widest callee', '↑ ↓'],
  ['Graph: along the level', '← →'],
  ['Graph: zoom to the selected frame, out one level', 'Enter, Backspace'],
  ['Graph: zoom to the whole', 'Esc, Home or 0'],
  ['Graph: zoom', '+ −, Ctrl-wheel'],
  ['Graph: move', 'W A S D, drag'],
  ['Graph: scroll by a view', 'Page Up, Page Down'],
  ['Graph: what can be done with a frame', 'Shift+F10, right click'],
  ['Graph: copy the name', 'C'],
  ['Timeline: move the range, or its end', '← →, Shift ← →'],
  ['Timeline: let the range go', 'Esc'],
  ['Timeline: second range to compare with', 'Shift-drag'],
  ['Timeline: zoom in and out', 'W S, Ctrl-wheel'],
  ['Timeline: earlier and later', 'A D, middle drag'],
  ['Tree: unfold, fold', '→ ←'],
  ['Source: to the next hot line, to the one before', 'N, P'],
  ['Source: copy path and line', 'C'],
  ['Heat map: move, brush, use the brushed part', '← → ↑ ↓, Shift ←, Enter'],
];

function KeysDialog(): ReactElement {
  const { shell, store } = useControls();
  const close = useClose();
  const mac = shell.platform === 'darwin';
  const state = store.getState();
  return (
    <Modal title="Keys" confirm="Close" cancel="" reads onConfirm={close} onCancel={close}>
      <dl className="pairs keys">
        {commands.map((command) =>
          command.keys === undefined || command.hidden === true ? null : (
            <div key={command.id}>
              <dt>{command.title(state)}</dt>
              <dd>
                <kbd>{keysWords(command.keys, mac)}</kbd>
              </dd>
            </div>
          ),
        )}
        {menuKeys.map(([title, keys]) => (
          <div key={title}>
            <dt>{title}</dt>
            <dd>
              <kbd>{keysWords(keys, mac)}</kbd>
            </dd>
          </div>
        ))}
        {viewKeys.map(([title, keys]) => (
          <div key={title}>
            <dt>{title}</dt>
            <dd>
              <kbd>{keys}</kbd>
            </dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
