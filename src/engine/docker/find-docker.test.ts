import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { LocalLink } from '../link/local-link.js';
import { findDocker, parseHost } from './find-docker.js';
import { tarOfProgram } from './tar.js';

it('takes what DOCKER_HOST names before the usual ones', async () => {
  const before = process.env['DOCKER_HOST'];
  process.env['DOCKER_HOST'] = 'tcp://127.0.0.1:2375';
  try {
    expect(await findDocker(new LocalLink())).toEqual({
      ok: true,
      value: { kind: 'tcp', host: '127.0.0.1', port: 2375 },
    });
  } finally {
    if (before === undefined) delete process.env['DOCKER_HOST'];
    else process.env['DOCKER_HOST'] = before;
  }
});

it.each([
  ['unix:///var/run/docker.sock', { kind: 'unix', path: '/var/run/docker.sock' }],
  ['tcp://10.0.0.1:2375', { kind: 'tcp', host: '10.0.0.1', port: 2375 }],
  ['tcp://[::1]:2375', { kind: 'tcp', host: '::1', port: 2375 }],
  ['ssh://me@host', undefined],
  ['npipe:////./pipe/docker', undefined],
])('%s', (host, address) => {
  expect(parseHost(host)).toEqual(address);
});

it('packs a program as tar reads it', () => {
  const archive = tarOfProgram('a-program', Buffer.from('x'.repeat(700)));
  expect(archive.length % 512).toBe(0);
  const listed = execFileSync('tar', ['-tvf', '-'], { input: archive, encoding: 'utf8' });
  expect(listed).toMatch(/^-rwxr-xr-x (?:root\/root|0\/0) +700 .* a-program\n$/);
  expect(execFileSync('tar', ['-xOf', '-'], { input: archive, encoding: 'utf8' })).toBe('x'.repeat(700));
});
