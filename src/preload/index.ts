import { contextBridge, ipcRenderer, webUtils } from 'electron';
import type { PortMessage, ShellApi } from '../contract/shell.js';

// One CommonJS file, as the sandbox asks. Nothing here passes on a channel name that the page chose.

const api: ShellApi = {
  platform: process.platform,
  call: (name, params) => ipcRenderer.invoke('pyrometer-call', name, params),
  onEvent: (listener) => {
    const receive = (_event: unknown, name: string, payload: unknown): void => {
      listener(name, payload);
    };
    ipcRenderer.on('pyrometer-event', receive);
    return () => {
      ipcRenderer.off('pyrometer-event', receive);
    };
  },
  requestPorts: () => {
    ipcRenderer.send('pyrometer-ready');
  },
  openDropped: (files) => {
    const paths = files.map((file) => webUtils.getPathForFile(file)).filter((path) => path !== '');
    ipcRenderer.send('pyrometer-drop', paths);
  },
};

contextBridge.exposeInMainWorld('pyrometer', api);

// A port can not cross the context bridge; a window message to our own origin carries it into the page.
ipcRenderer.on('pyrometer-port', (event, process: PortMessage['process']) => {
  const message: PortMessage = { type: 'pyrometer-port', process };
  window.postMessage(message, window.location.origin, [...event.ports]);
});
