import { expect, test } from 'vitest';
import { buildArguments, createManifest, versionOf } from './agents.mjs';
import { goEnvironment } from './go.mjs';

test('two builds of one project version are told apart', () => {
  expect(versionOf('0.1.0', 'abcdef0123456789')).toBe('0.1.0+abcdef012345');
});

test('the manifest carries what an upload is verified against', () => {
  expect(createManifest('0.1.0+a', [['linux-amd64', new TextEncoder().encode('abc')]])).toEqual({
    version: '0.1.0+a',
    files: {
      'linux-amd64': { sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', size: 3 },
    },
  });
});

test('the manifest says of each file what is said of all', () => {
  const { files } = createManifest('0.1.0+a', [['linux-amd64', new Uint8Array(3)]], { packed: true });
  expect(files['linux-amd64']).toMatchObject({ size: 3, packed: true });
});

test('a build holds no paths and no state of the machine it was made on', () => {
  const args = buildArguments('0.1.0', 'out');
  expect(goEnvironment.GOFLAGS).toBe('-trimpath -buildvcs=false');
  expect(args[args.indexOf('-ldflags') + 1]).toBe('-s -w -X main.release=0.1.0');
});
