import { describe, expect, it } from 'vitest';
import { isSourceFile } from './languages.js';
import { cleanPath, cleanPrefix, fileInTree, isInstalled, mapPath, suggestPrefix } from './paths.js';
import { isRevision, repositoryKey } from './repositories.js';

describe('paths', () => {
  it.each([
    ['/app//shop/./views.py', '/app/shop/views.py'],
    ['/app/../etc/passwd', '/etc/passwd'],
    ['/../../x.py', '/x.py'],
    ['shop/views.py', 'shop/views.py'],
    ['./shop/../shop/views.py', 'shop/views.py'],
    ['../shop/views.py', undefined],
    ['a/../../b', undefined],
    ['<string>', undefined],
    ['<frozen importlib._bootstrap>', undefined],
    ['', undefined],
    ['/', undefined],
    ['/a\0b', undefined],
  ])('%j is cleaned to %j', (path, clean) => {
    expect(cleanPath(path)).toBe(clean);
  });

  it('are taken by the rule with the longest beginning, by whole parts', () => {
    const rules = [
      { prefix: '/app', folder: 'a' },
      { prefix: '/app/shop/', folder: 'b' },
      { prefix: '', folder: 'clone' },
      { prefix: 'pyrometer.dev/agent', folder: 'go' },
    ];
    const mapped = (path: string): string | undefined => {
      const found = mapPath(rules, path);
      return found === undefined ? undefined : `${found.rule.folder}:${found.rest}`;
    };
    expect(mapped('/app/shop/views.py')).toBe('b:views.py');
    expect(mapped('/app/cart.py')).toBe('a:cart.py');
    expect(mapped('/apple/cart.py')).toBeUndefined();
    expect(mapped('/app')).toBeUndefined();
    expect(mapped('pyrometer.dev/agent/main.go')).toBe('go:main.go');
    expect(mapPath([{ prefix: '/', folder: 'root' }], '/x/y.py')).toMatchObject({ rest: 'x/y.py' });
  });

  it('are compared with clean beginnings', () => {
    expect([cleanPrefix(' /app/ '), cleanPrefix('/'), cleanPrefix(''), cleanPrefix('/a/../b')]).toEqual([
      '/app',
      '/',
      '',
      '/b',
    ]);
  });

  it('say what a rule for them begins with', () => {
    expect(suggestPrefix('/app/shop/views.py')).toBe('/app');
    expect(suggestPrefix('/usr/lib/python3/site-packages/django/db.py')).toBe('/usr/lib/python3/site-packages');
    expect(suggestPrefix('shop/views.py')).toBe('shop');
    expect(suggestPrefix('views.py')).toBe('');
  });

  it('of libraries are told from those of a repository', () => {
    expect(isInstalled('/opt/venv/lib/python3.12/site-packages/django/db/models.py')).toBe(true);
    expect(isInstalled('/usr/lib/python3.11/json/encoder.py')).toBe(true);
    expect(isInstalled('/app/node_modules/express/index.js')).toBe(true);
    expect(isInstalled('/app/shop/views.py')).toBe(false);
  });

  it.each(['/app/a.py', 'main.go', '/x/Y.HPP', 'a.b.ts'])('%s is source code', (path) => {
    expect(isSourceFile(path)).toBe(true);
  });
  it.each(['/etc/shadow', '/root/.ssh/id_rsa', '/app/.env', '/app/.py', '/x.py/key', '/proc/1/environ', '/a.pem', ''])(
    '%j is none, and is never read',
    (path) => {
      expect(isSourceFile(path)).toBe(false);
    },
  );
});

describe('a file among those of a repository', () => {
  const tree = [
    'README.md',
    'main.py',
    'shop/__init__.py',
    'src/shop/views.py',
    'src/cart/views.py',
    'src/cart/__init__.py',
  ];
  it.each([
    ['/app/shop/views.py', 'src/shop/views.py'],
    ['/srv/src/cart/views.py', 'src/cart/views.py'],
    ['/app/main.py', 'main.py'],
    ['/app/shop/__init__.py', 'shop/__init__.py'],
  ])('%s is %s', (path, found) => {
    expect(fileInTree(path, tree)).toEqual({ kind: 'one', path: found });
  });

  it('is none where only its name is the same', () => {
    expect(fileInTree('/usr/lib/json/__init__.py', tree)).toEqual({ kind: 'none' });
    expect(fileInTree('/app/nobody.py', tree)).toEqual({ kind: 'none' });
  });

  it('is not guessed among several', () => {
    const paths = ['a/shop/views.py', 'b/shop/views.py'];
    expect(fileInTree('/app/shop/views.py', paths)).toEqual({ kind: 'several', paths });
    expect(fileInTree('/app/shop/views.py', [...paths, 'shop/views.py'])).toEqual({
      kind: 'one',
      path: 'shop/views.py',
    });
  });
});

describe('repositories', () => {
  it.each([
    'git@github.com:acme/shop.git',
    'https://github.com/Acme/shop',
    'https://me:token@GitHub.com/acme/shop.git/',
    'ssh://git@github.com:22/acme/shop',
    'github.com/acme/shop',
  ])('%s is one repository', (address) => {
    expect(repositoryKey(address)).toBe('github.com/acme/shop');
  });
  it.each(['/srv/git/shop.git', 'shop', '', '../shop', 'https://github.com/'])('%j names none', (address) => {
    expect(repositoryKey(address)).toBeUndefined();
  });

  it.each(['4f2a9be0', 'v1.2.3', 'release/2026-11', 'main'])('%s is a revision', (text) => {
    expect(isRevision(text)).toBe(true);
  });
  it.each(['', '--upload-pack=id', '-x', 'a..b', 'HEAD@{1}', 'main:secret.py', 'a b', '$(id)', 'x'.repeat(201)])(
    '%j is none',
    (text) => {
      expect(isRevision(text)).toBe(false);
    },
  );
});
