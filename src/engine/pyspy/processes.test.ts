import { describe, expect, it } from 'vitest';
import { programName, pythonOf, pythonProcesses, readProcesses, readPsText } from './processes.js';

describe('processes', () => {
  it('are read by the headings of GNU, BSD and busybox', () => {
    const gnu = readProcesses(
      ['PID', 'PPID', 'STAT', '%CPU', 'NLWP', 'USER', 'COMMAND'],
      [['7', '1', 'Ssl', '12.5', '3', 'app', 'python3 a.py']],
    );
    expect(gnu).toEqual([
      { pid: 7, parentPid: 1, state: 'Ssl', cpuShare: 0.125, threads: 3, user: 'app', command: 'python3 a.py' },
    ]);
    expect(readProcesses(['PID', 'USER', 'TIME', 'COMMAND'], [['7', 'root', '0:01', 'python']])).toMatchObject([
      { pid: 7, parentPid: 0, command: 'python' },
    ]);
    const bsd = '  PID  PPID  %CPU USER   COMMAND\n  501     1   0,3 ann    /usr/bin/python3 my  app.py\n\n';
    expect(readPsText(bsd)).toEqual([
      { pid: 501, parentPid: 1, cpuShare: 0.003, user: 'ann', command: '/usr/bin/python3 my app.py' },
    ]);
  });

  it.each([
    ['/usr/bin/python3.11 a.py', { version: '3.11' }],
    ['python a.py', {}],
    ['pypy3.9 a.py', { version: '3.9' }],
    [
      '/Library/Frameworks/Python.framework/Versions/3.12/Resources/Python.app/Contents/MacOS/Python a.py',
      { version: '3.12' },
    ],
    ['gunicorn: worker [shop]', {}],
    ['[celeryd: celery@x:ForkPoolWorker-1]', {}],
    ['/usr/bin/pythonista', undefined],
    ['vim python3.py', undefined],
    ['postgres: writer', undefined],
  ])('%s', (command, expected) => {
    expect(pythonOf(command)).toEqual(expected);
  });

  it('stand below their parents, and survive a list that changed while it was read', () => {
    const listed = [
      { pid: 9, parentPid: 7, command: 'python worker' },
      { pid: 1, parentPid: 0, command: 'tini -- python' },
      { pid: 7, parentPid: 1, command: 'python master' },
      { pid: 20, parentPid: 21, command: 'python a' },
      { pid: 21, parentPid: 20, command: 'python b' },
    ];
    expect(pythonProcesses(listed, '3.8').map(({ pid, version }) => [pid, version])).toEqual([
      [7, '3.8'],
      [9, '3.8'],
      [20, '3.8'],
      [21, '3.8'],
    ]);
  });

  it.each([
    ['/usr/bin/python3 /srv/app/manage.py runserver', 'manage.py'],
    ['python3 -X dev -u -m celery worker', 'celery'],
    ['python3 -c print()', 'python'],
    ['gunicorn: master [x]', 'gunicorn'],
    ['/opt/venv/bin/uvicorn app:app', 'uvicorn'],
  ])('%s is called %s', (command, name) => {
    expect(programName(command)).toBe(name);
  });
});
