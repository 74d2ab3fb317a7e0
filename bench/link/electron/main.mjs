// Electron without a window: forks the worker as the app forks its links process, and carries lines of JSON between it
// and whoever started this.
import { createInterface } from 'node:readline';
import { app, utilityProcess } from 'electron';

app.disableHardwareAcceleration();
// Not awaited here: Electron is ready after this module was loaded.
app.whenReady().then(start, (error) => {
  console.error(error);
  app.exit(1);
});

function start() {
  const child = utilityProcess.fork(process.env.PYROMETER_BENCH_WORKER, [], {
    serviceName: 'pyrometer-links',
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  child.on('message', (message) => {
    process.stdout.write(`${JSON.stringify(message)}\n`);
  });
  child.once('exit', (code) => {
    app.exit(code);
  });
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      child.postMessage(JSON.parse(line));
    })
    .on('close', () => {
      child.kill();
    });
}
