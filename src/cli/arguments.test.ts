import { describe, expect, it } from 'vitest';
import { parseCommand, parseTarget } from './arguments.js';

describe('parseTarget', () => {
  it.each([
    ['local', { kind: 'local' }],
    ['ada@web-1', { kind: 'ssh', user: 'ada', host: 'web-1', port: 22 }],
    ['ada@10.0.0.7:2222', { kind: 'ssh', user: 'ada', host: '10.0.0.7', port: 2222 }],
    ['ada@[fe80::1%eth0]:2222', { kind: 'ssh', user: 'ada', host: 'fe80::1%eth0', port: 2222 }],
  ])('%s', (text, target) => {
    expect(parseTarget(text)).toEqual({ ok: true, value: target });
  });

  it.each([
    '',
    'web-1',
    '-oProxyCommand=x@h',
    'a@-h',
    'a@h;id',
    'a@h:0',
    'a@h:70000',
    'a b@h',
    'a@h\nx',
    'a@$(id)',
    'a@`id`',
  ])('refuses %j', (text) => {
    expect(parseTarget(text)).toMatchObject({ ok: false, failure: { code: 'invalid-input' } });
  });
});

describe('tunnel', () => {
  const target = { kind: 'ssh', user: 'ada', host: 'web-1', port: 22 };

  it('reads addresses and ports wished for', () => {
    expect(parseCommand(['tunnel', 'ada@web-1', '4040', '15432:db:5432', '8080:/run/app.sock', '81:80'])).toMatchObject(
      {
        ok: true,
        value: {
          name: 'tunnel',
          target,
          tunnels: [
            { name: '127.0.0.1:4040', to: { kind: 'tcp', host: '127.0.0.1', port: 4040 } },
            { name: 'db:5432', to: { kind: 'tcp', host: 'db', port: 5432 }, localPort: 15432 },
            { name: '/run/app.sock', to: { kind: 'unix', path: '/run/app.sock' }, localPort: 8080 },
            { to: { host: '127.0.0.1', port: 80 }, localPort: 81 },
          ],
        },
      },
    );
    expect(parseCommand(['tunnel', 'ada@web-1'])).toMatchObject({ ok: true, value: { tunnels: [] } });
  });

  it.each(['', 'x', '0', '70000:db:1', 'a b:1', '$(id):1'])('refuses the address %j', (address) => {
    expect(parseCommand(['tunnel', 'ada@web-1', address])).toMatchObject({ failure: { code: 'invalid-input' } });
  });

  it('refuses this computer', () => {
    expect(parseCommand(['tunnel', 'local', '80'])).toMatchObject({ ok: false });
  });
});

describe('parseCommand', () => {
  it('reads a recording', () => {
    expect(parseCommand(['record', 'local', '--seconds', '30', '--out', 'flame.html'])).toEqual({
      ok: true,
      value: {
        name: 'record',
        target: { kind: 'local' },
        seconds: 30,
        out: 'flame.html',
        format: 'html',
        service: undefined,
        identity: undefined,
        times: false,
      },
    });
    expect(parseCommand(['record', 'local', '--times', '--seconds', '600', '--out', 'a.pb.gz'])).toMatchObject({
      ok: true,
      value: { times: true, format: 'pprof' },
    });
  });

  it('reads what is to be verified', () => {
    expect(parseCommand(['agent', 'verify', 'ada@web-1', '--service', 'web'])).toEqual({
      ok: true,
      value: {
        name: 'verify',
        target: { kind: 'ssh', user: 'ada', host: 'web-1', port: 22 },
        identity: undefined,
        service: 'web',
        seconds: 20,
        json: false,
      },
    });
  });

  it('reads what is to be done with what lies on a target', () => {
    expect(parseCommand(['agent', 'remove', 'ada@web-1', '--force', '-i', 'key'])).toEqual({
      ok: true,
      value: {
        name: 'agent',
        action: 'remove',
        target: { kind: 'ssh', user: 'ada', host: 'web-1', port: 22 },
        identity: 'key',
        force: true,
        yes: false,
      },
    });
    expect(parseCommand(['agent', 'remove', 'local', '--yes'])).toMatchObject({ ok: true, value: { yes: true } });
    expect(parseCommand(['agent', 'list', 'local'])).toMatchObject({ ok: true, value: { action: 'list' } });
  });

  it('reads what is to be checked', () => {
    expect(parseCommand(['check', 'ada@web-1', '--json'])).toEqual({
      ok: true,
      value: {
        name: 'check',
        target: { kind: 'ssh', user: 'ada', host: 'web-1', port: 22 },
        identity: undefined,
        json: true,
      },
    });
  });

  it.each([
    [['record']],
    [['record', 'local']],
    [['record', 'local', '--out', 'flame.svg']],
    [['record', 'local', 'more', '--out', 'a.html']],
    [['record', 'local', '--seconds', '0', '--out', 'a.html']],
    [['record', 'local', '--seconds', '1.5', '--out', 'a.html']],
    [['record', 'local', '--nonsense', '--out', 'a.html']],
    [['record', 'local', '--times', '--out', 'a.html']],
    [['record', 'local', '--times', '--seconds', '601', '--out', 'a.pb.gz']],
    [['export', 'a.pb.gz', '--out', 'b.html', '--seconds', '3']],
    [['agent']],
    [['agent', 'list']],
    [['agent', 'explode', 'local']],
    [['agent', 'list', 'local', '--force']],
    [['agent', 'verify', 'local']],
    [['agent', 'verify', '--service', 'web']],
    [['agent', 'verify', 'local', '--service', 'web', '--seconds', '4']],
    [['agent', 'verify', 'local', '--service', 'web', '--seconds', '121']],
    [['agent', 'list', 'local', '--yes']],
    [['agent', 'remove', 'a@h;id']],
    [['check']],
    [['check', 'local', 'more']],
    [['check', 'a@h;id']],
    [['frobnicate']],
  ])('refuses %j with a sentence', (argv) => {
    const result = parseCommand(argv);
    expect(result.ok).toBe(false);
    if (!result.ok) expect(result.failure.message.length).toBeGreaterThan(10);
  });

  it.each([[[]], [['help']], [['--help']]])('%j is help', (argv) => {
    expect(parseCommand(argv)).toEqual({ ok: true, value: { name: 'help' } });
  });
});

describe('diff', () => {
  const renamesOf = (...args: string[]): unknown => {
    const parsed = parseCommand(['diff', 'a', 'b', ...args]);
    return parsed.ok && parsed.value.name === 'diff' ? parsed.value.renames : parsed;
  };

  it('reads how much work was done, or where it is counted', () => {
    const scaleOf = (...args: string[]): unknown => {
      const parsed = parseCommand(['diff', 'a', 'b', ...args]);
      return parsed.ok && parsed.value.name === 'diff' ? [parsed.value.scale, parsed.value.work] : parsed;
    };
    const counted = { kind: 'counted', work: { baseline: 1200, comparison: 1350.5 } };
    expect(scaleOf()).toEqual(['auto', undefined]);
    expect(scaleOf('--work', '1200,1350.5')).toEqual(['work', counted]);
    expect(scaleOf('--scale', 'work', '--work', '1200, 1350.5')).toEqual(['work', counted]);
    const asked = ['--prometheus', '9090', '--work-metric', 'sum(x)'];
    const counter = { prometheus: '9090', query: 'sum(x)' };
    expect(scaleOf(...asked)).toEqual(['work', { kind: 'prometheus', counter }]);
    const login = ['--prometheus-login', 'bearer'];
    expect(scaleOf(...asked, ...login)).toEqual([
      'work',
      { kind: 'prometheus', counter: { ...counter, login: 'bearer' } },
    ]);
    for (const wrong of [
      ['--scale', 'work'],
      ['--scale', 'relative', '--work', '1,2'],
      ['--work', '1'],
      ['--work', '1,0'],
      ['--work', '1,-2'],
      ['--work', '1,2,3'],
      ['--work', 'many,more'],
      ['--work', '1,2', ...asked],
      ['--prometheus', '9090'],
      ['--work-metric', 'x'],
      ['--prometheus', 'nowhere', '--work-metric', 'x'],
      ['--prometheus', 'http://user:secret', '--work-metric', 'x'],
      ['--prometheus', '9090', '--work-metric', ' '],
      [...asked, '--prometheus-login', 'jo:sesame'],
      login,
    ]) {
      expect(scaleOf(...wrong), wrong.join(' ')).toMatchObject({ ok: false, failure: { code: 'invalid-input' } });
    }
  });

  it('reads how selections are asked for, and no secret', () => {
    const side = 'http://pyroscope:4040{}@-1h..now';
    const askingOf = (...args: string[]): unknown => {
      const both = [parseCommand(['diff', side, side, ...args]), parseCommand(['changes', side, ...args])];
      const read = both.map((each) => (each.ok && 'asking' in each.value ? each.value.asking : each));
      expect(read[0]).toEqual(read[1]);
      return read[0];
    };
    expect(askingOf()).toMatchObject({ tenant: undefined, login: undefined, yes: false });
    expect(askingOf('--tenant', 'team-a', '--login', 'basic', '--yes')).toMatchObject({
      tenant: 'team-a',
      login: 'basic',
      yes: true,
    });
    for (const wrong of [
      ['--tenant', 'two words'],
      ['--tenant', 'a\r\nb'],
      ['--login', 'jo:sesame'],
    ]) {
      expect(askingOf(...wrong), wrong.join(' ')).toMatchObject({ ok: false, failure: { code: 'invalid-input' } });
    }
  });

  it('reads renames of functions, with and without their files', () => {
    expect(renamesOf('--rename', 'old=new', '--rename', 'a/views.py:get=orders.py:ns::read')).toEqual([
      { forget: false, rename: { from: { name: 'old', file: '' }, to: { name: 'new', file: '' } } },
      {
        forget: false,
        rename: { from: { name: 'get', file: 'a/views.py' }, to: { name: 'ns::read', file: 'orders.py' } },
      },
    ]);
    expect(renamesOf('--forget-rename', 'ns::old=ns::new')).toEqual([
      { forget: true, rename: { from: { name: 'ns::old', file: '' }, to: { name: 'ns::new', file: '' } } },
    ]);
  });

  it.each(['old', 'old=', '=new', 'a=b=c'])('takes %j for no rename', (text) => {
    expect(renamesOf('--rename', text)).toMatchObject({ ok: false, failure: { code: 'invalid-input' } });
  });
});
