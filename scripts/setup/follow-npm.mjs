/**
 * npm runs a script through a shell that dies of SIGTERM without passing it on: whoever ends `npm start` or `npm test` by
 * its process id would leave all of it running. So a script that npm started ends when that shell has gone.
 */
const parent = process.ppid;
const intervalMs = 500;

if (process.env['npm_lifecycle_event'] !== undefined && process.platform !== 'win32') {
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, intervalMs);
  timer.unref();
}
