import { expect, it } from 'vitest';
import { interpretersOf } from './interpreters.js';
import type { ListedProcess } from './processes.js';

const usual = ['python3', 'python'];
const uv = '/root/.local/share/uv/python/cpython-3.12.8-linux-x86_64-gnu/bin/python3.12';

function processes(...commands: readonly string[]): readonly ListedProcess[] {
  return commands.map((command, index) => ({ pid: 900 + index, parentPid: 899 + index, command, seconds: 60 - index }));
}

it.each<[what: string, commands: readonly string[], expected: readonly string[]]>([
  ['by a name with its version alone', ['python3.14 app.py'], ['python3.14', '/proc/1/exe']],
  ['by a path of uv', [`${uv} -m shop`], [uv, '/proc/1/exe', 'python3.12']],
  [
    'below an init',
    ['tini -- /app/.venv/bin/python -m shop', '/app/.venv/bin/python -m shop'],
    ['/app/.venv/bin/python'],
  ],
  ['under a title of its own', ['gunicorn: master [shop]', 'gunicorn: worker [shop]'], ['/proc/1/exe']],
  ['by a path that only its folder knows', ['bin/python app.py'], ['/proc/1/exe']],
  ['in uWSGI, which takes no script', ['uwsgi --ini shop.ini'], []],
  ['not, as in a shell', ['sh -c "python3.14 app.py"'], []],
])('finds Python %s', (_, commands, expected) => {
  expect(interpretersOf(processes(...commands))).toEqual([...expected, ...usual]);
});

it('takes the first process for what the container was started with, and not what was run there later', () => {
  const [first, later] = [
    { pid: 900, parentPid: 800, command: 'nginx', seconds: 60 },
    { pid: 850, parentPid: 801, command: 'gunicorn: master [shop]', seconds: 5 },
  ];
  expect(interpretersOf([later, first])).toEqual(usual);
  expect(interpretersOf([{ ...first, seconds: 1 }, later])).toEqual(['/proc/1/exe', ...usual]);
});
