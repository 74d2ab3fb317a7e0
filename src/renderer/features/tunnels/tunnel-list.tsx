import { useCallback, type ReactElement } from 'react';
import type { TunnelState } from '../../../contract/tunnels.js';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { currentTarget } from '../../state/targets-control.js';
import { browseTunnel, closeTunnel, copyTunnel, currentTunnels } from '../../state/tunnels-control.js';
import { IconButton } from '../../ui/button.js';
import { DotsIcon, PlusIcon } from '../../ui/icons.js';
import { MenuItem, Popover } from '../../ui/menu.js';
import { Name } from '../../ui/name.js';
import { StateDot } from '../targets/state-dot.js';
import { tunnelWords } from './tunnel-words.js';

/** The tunnels of the chosen server; nothing for this computer, and for a server that is not connected and has none. */
export function TunnelList(): ReactElement | null {
  const { store } = useControls();
  const target = useApp(currentTarget);
  const tunnels = useApp(currentTunnels);
  const targetId = target?.config.id;
  const add = useCallback(() => {
    if (targetId !== undefined) store.setState({ dialog: { kind: 'tunnel', targetId } });
  }, [store, targetId]);
  if (target?.config.kind !== 'ssh' || targetId === undefined) return null;
  const connected = target.link.state === 'connected';
  if (!connected && tunnels.length === 0) return null;
  return (
    <section aria-label="Tunnels">
      <header className="side-head">
        <h2>Tunnels</h2>
        <IconButton label="Open a tunnel" disabled={!connected} onClick={add}>
          <PlusIcon />
        </IconButton>
      </header>
      {tunnels.length === 0 ? (
        <p className="side-note">Ports of {visibleText(target.config.name)}, such as its Grafana, on this computer.</p>
      ) : (
        <ul aria-label="Tunnels">
          {tunnels.map((tunnel) => (
            <TunnelRow key={tunnel.config.id} targetId={targetId} tunnel={tunnel} />
          ))}
        </ul>
      )}
    </section>
  );
}

interface RowProps {
  readonly targetId: string;
  readonly tunnel: TunnelState;
}

function TunnelRow({ targetId, tunnel }: RowProps): ReactElement {
  const controls = useControls();
  const { config, localPort } = tunnel;
  const words = tunnelWords(tunnel);
  const name = visibleText(config.name);
  const browse = useCallback(() => {
    if (localPort !== undefined) void browseTunnel(controls, localPort); // shows its own failure
  }, [controls, localPort]);
  const copy = useCallback(() => {
    if (localPort !== undefined) void copyTunnel(controls, localPort); // shows its own failure
  }, [controls, localPort]);
  const end = useCallback(() => {
    void closeTunnel(controls, targetId, config.id); // shows its own failure
  }, [controls, targetId, config.id]);
  return (
    <>
      <li className="side-row" data-tunnel={tunnel.state}>
        <button
          type="button"
          className="side-main"
          aria-description={words.lines.join('. ')}
          title={[...words.lines, ...(localPort === undefined ? [] : ['Click: open in the browser'])].join('\n')}
          disabled={localPort === undefined}
          onClick={browse}
        >
          <StateDot shape={words.shape} />
          <Name text={config.name} />
          <span className={words.shape === 'failed' ? 'side-value bad' : 'side-value'} aria-hidden="true">
            {words.brief}
          </span>
        </button>
        <Popover
          label={`Actions of ${name}`}
          align="end"
          button={(props) => (
            <IconButton label={`More for ${name}`} className="side-more" {...props}>
              <DotsIcon />
            </IconButton>
          )}
        >
          {(close) => (
            <>
              <MenuItem close={close} onChoose={browse} disabled={localPort === undefined}>
                Open in the browser
              </MenuItem>
              <MenuItem
                close={close}
                onChoose={copy}
                disabled={localPort === undefined}
                hint={localPort === undefined ? '' : `127.0.0.1:${localPort}`}
              >
                Copy address
              </MenuItem>
              <MenuItem close={close} onChoose={end} danger>
                Close tunnel
              </MenuItem>
            </>
          )}
        </Popover>
      </li>
      {words.note === '' ? null : <li className="side-note">{visibleText(words.note)}</li>}
    </>
  );
}
