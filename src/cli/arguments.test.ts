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
