import { describe, expect, it } from 'vitest';
import { kindOfFunction, packageOfFunction } from './packages.js';

const cases: readonly (readonly [name: string, file: string, library: string, kind: string, packageName: string])[] = [
  ['inner', '/usr/lib/python3/dist-packages/django/core/handlers/base.py', '', 'python', 'django'],
  ['inner', '/srv/venv/lib/python3.12/site-packages/six.py', '', 'python', 'six'],
  ['iterencode', '/usr/lib/python3.11/json/encoder.py', '', 'python', 'json'],
  ['run', '/usr/lib/python3.11/threading.py', '', 'python', 'threading'],
  ['_find_and_load', '<frozen importlib._bootstrap>', '', 'python', 'importlib'],
  ['<module>', '<string>', '', 'python', ''],
  ['total', '/srv/shop/orders/views.py', '', 'python', 'orders'],
  ['total', 'views.py', '', 'python', 'views'],
  ['run (/srv/shop/tasks/mail.py:12)', '', '', 'python', 'tasks'],
  ['dump (json/encoder.py)', '', '', 'python', 'json'],
  ['net/http.(*conn).serve', '/usr/local/go/src/net/http/server.go', '/app/server', 'go', 'net/http'],
  ['github.com/acme/shop/pkg/cache.Get[go.shape.int]', '', '', 'go', 'github.com/acme/shop/pkg/cache'],
  ['runtime.mallocgc', '', '', 'go', 'runtime'],
  ['main.main.func1', '/app/main.go', '', 'go', 'main'],
  ['malloc', '', '/lib/x86_64-linux-gnu/libc.so.6', 'native', 'libc'],
  ['[libpq.so.5.15]', '', '/usr/lib/libpq.so.5.15', 'native', 'libpq'],
  ['pbkdf2', '', '/usr/lib/python3.11/lib-dynload/_hashlib.cpython-311-x86_64-linux-gnu.so', 'native', '_hashlib'],
  ['_PyEval_EvalFrameDefault', 'Python/ceval.c', '/usr/bin/python3.11', 'native', 'python3.11'],
  ['std::vector<int>::push_back', '', '', 'unknown', ''],
  ['std::io::read', 'library/std/src/io/mod.rs', '', 'native', 'std'],
  ['tcp_recvmsg', '', '[kernel.kallsyms]', 'kernel', 'kernel'],
  ['tcp_recvmsg', '', '[kernel]', 'kernel', 'kernel'],
  ['total', '/srv/shop/orders/views.py', '[python]', 'python', 'orders'],
  ['[not walked further: no table]', '', '[error]', 'error', ''],
  ['Interpreter', '', '[hotspot]', 'jvm', ''],
  ['nf_hook', '', '/lib/modules/6.1/kernel/net/nf.ko.xz', 'kernel', 'kernel'],
  ['do_syscall_64_[k]', '', '', 'kernel', 'kernel'],
  ['java.util.HashMap.get', 'HashMap.java', '', 'jvm', 'java.util'],
  ['handle', '/app/node_modules/@scope/server/lib/index.js', '', 'javascript', '@scope/server'],
  ['nextTick', 'node:internal/process/task_queues', '', 'javascript', 'node'],
  ['call', '/usr/lib/ruby/gems/3.1.0/gems/rack-2.2.4/lib/rack/builder.rb', '', 'ruby', 'rack'],
  ['<script>alert(1)</script>', '', '', 'unknown', ''],
  ['operator new(unsigned long)', '', '', 'unknown', ''],
  ['f (no file here)', '', '', 'unknown', ''],
  ['', '', '', 'unknown', ''],
];

describe('kind and package', () => {
  it.each(cases)('of %s in "%s" "%s" are %s and "%s"', (name, file, library, kind, packageName) => {
    const place = { name, file, library };
    const found = kindOfFunction(place);
    expect([found, packageOfFunction(place, found)]).toEqual([kind, packageName]);
  });
});
