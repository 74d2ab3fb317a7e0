import { expect, test } from 'vitest';
import { parseCandidates, parseInstalled, parseProvider, parseSimulation } from './apt.mjs';

test('installed names are those of this architecture, with what they provide', () => {
  const output = [
    'libasound2t64\tamd64\tinstalled\tlibasound2 (= 1.2.11-1)',
    'libgtk-3-0\ti386\tinstalled\t',
    'libnss3\tamd64\tconfig-files\t',
    'xauth\tall\tinstalled\tone, two:any (= 1)',
    '',
  ].join('\n');
  expect([...parseInstalled(output, 'amd64')].sort()).toEqual(['libasound2', 'libasound2t64', 'one', 'two', 'xauth']);
});

test('a name without a candidate cannot be installed as it stands', () => {
  const output = `libasound2:
  Installed: (none)
  Candidate: (none)
  Version table:
libnss3:
  Installed: (none)
  Candidate: 2:3.87.1-1+deb12u1
  Version table:
     2:3.87.1-1+deb12u1 500
        500 http://deb.debian.org/debian bookworm/main amd64 Packages
`;
  expect([...parseCandidates(output)]).toEqual(['libnss3']);
  expect([...parseCandidates('')]).toEqual([]);
});

test('a provided name is taken from the renamed package, or from its only provider', () => {
  const showpkg = (/** @type {string[]} */ ...providers) => `Package: libasound2
Versions: 

Reverse Depends: 
  alsa-utils,libasound2 1.0
Dependencies: 
Provides: 
Reverse Provides: 
${providers.map((provider) => `${provider} 1.2.11-1build2 (= 1.2.11-1build2)\n`).join('')}`;
  expect(parseProvider('libasound2', showpkg('liboss4-salsa-asound2', 'libasound2t64'))).toBe('libasound2t64');
  expect(parseProvider('mail', showpkg('postfix', 'exim'))).toBeUndefined();
  expect(parseProvider('awk', showpkg('mawk', 'mawk'))).toBe('mawk');
  expect(parseProvider('awk', '')).toBeUndefined();
});

test('a simulation tells installations, upgrades and removals apart', () => {
  const output = `NOTE: This is only a simulation!
Inst libnspr4 (2:4.35-1 Debian:12/stable [amd64])
Inst libglib2.0-0 [2.74.6-2+deb12u5] (2.74.6-2+deb12u6 Debian:12/stable [amd64])
Remv containerd.io [1.6.20-1]
Conf libnspr4 (2:4.35-1 Debian:12/stable [amd64])
`;
  expect(parseSimulation(output)).toEqual({
    installs: ['libnspr4'],
    upgrades: ['libglib2.0-0'],
    removals: ['containerd.io'],
  });
});
