import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { identityOf } from './addon.mjs';
import { findGo, goEnvironment, goMissing } from './go.mjs';
import { fromRoot } from './paths.mjs';
import { filesBelow, openStamp, writeWhole } from './stamp.mjs';

/** A Linux server's kind as it stands in resources/agent, and what Go calls it. */
const targets = /** @type {const} */ ([
  { name: 'linux-amd64', goarch: 'amd64' },
  { name: 'linux-arm64', goarch: 'arm64' },
]);

export const manifestPath = fromRoot('resources/agent/manifest.json');

/** @param {string} target */
export const agentPath = (target) => fromRoot(`resources/agent/${target}/pyrometer-agent`);

/** @param {string} target the agent as gzip packs it: what an upload would otherwise wait for */
export const packedAgentPath = (target) => `${agentPath(target)}.gz`;

/**
 * The agents that are put on servers: one static binary for each kind, packed as well, and a manifest with their SHA-256 that the app
 * verifies an upload against.
 *
 * @param {{ required: boolean }} options `required`: without Go the run fails, because nothing else is wanted from it
 * @returns {import('../stages.mjs').Stage}
 */
export function agentsStage({ required }) {
  return {
    name: 'agents',
    async run({ begin, detail, exec }) {
      const go = findGo();
      if (go === undefined) {
        if (required) throw new Error(`${goMissing}; the agent that profiles a computer is built with it`);
        return { mark: 'warned', text: `${goMissing}; reading files and Pyroscope works, starting an agent does not` };
      }
      const inputs = [
        ...filesBelow(fromRoot('remote-agent'), isAgentInput),
        ...filesBelow(fromRoot('bpf')),
        fromRoot('package.json'),
      ];
      const stamp = openStamp('agents', {
        inputs,
        outputs: [...targets.flatMap(({ name }) => [agentPath(name), packedAgentPath(name)]), manifestPath],
        settings: {
          go: identityOf(go),
          environment: JSON.stringify(goEnvironment),
          arguments: buildArguments('', '').join(' '),
        },
      });
      if (stamp.fresh) return { mark: 'ready', text: 'built' };
      stamp.clear();
      const release = JSON.parse(readFileSync(fromRoot('package.json'), 'utf8')).version;
      const version = versionOf(release, stamp.hash);
      begin('go build');
      // One after the other: Go uses all cores for each.
      for (const { name, goarch } of targets) {
        detail(`go build ${name}`);
        mkdirSync(fromRoot(`resources/agent/${name}`), { recursive: true });
        await exec(go, buildArguments(release, `${agentPath(name)}.new`), {
          cwd: fromRoot('remote-agent'),
          env: { ...goEnvironment, GOOS: 'linux', GOARCH: goarch },
        });
        renameSync(`${agentPath(name)}.new`, agentPath(name));
      }
      begin('gzip');
      const binaries = targets.map(({ name }) => /** @type {const} */ ([name, readFileSync(agentPath(name))]));
      await Promise.all(
        binaries.map(async ([name, bytes]) => writeWhole(packedAgentPath(name), await promisify(gzip)(bytes))),
      );
      const manifest = createManifest(version, binaries, { packed: true });
      writeWhole(manifestPath, JSON.stringify(manifest, null, 2) + '\n');
      stamp.save();
      return { mark: 'done', text: `${version} for ${targets.map(({ name }) => name).join(' and ')}` };
    },
  };
}

/** @param {string} path */
function isAgentInput(path) {
  return !path.endsWith('_test.go') && !path.includes('/testdata/') && !path.includes('/remote-agent/bin/');
}

/**
 * The agent's version: the project's, and what tells two builds of it apart.
 *
 * @param {string} projectVersion
 * @param {string} inputHash hexadecimal
 */
export function versionOf(projectVersion, inputHash) {
  return `${projectVersion}+${inputHash.slice(0, 12)}`;
}

/**
 * @param {string} release the project's version; the agent itself adds what tells its build apart
 * @param {string} output
 */
export function buildArguments(release, output) {
  return ['build', '-ldflags', `-s -w -X main.release=${release}`, '-o', output, './cmd/pyrometer-agent'];
}

/**
 * @param {string} version
 * @param {readonly (readonly [string, Uint8Array])[]} binaries
 * @param {Readonly<Record<string, boolean>>} [also] what else is said of each
 */
export function createManifest(version, binaries, also = {}) {
  return {
    version,
    files: Object.fromEntries(
      binaries.map(([name, bytes]) => [
        name,
        { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length, ...also },
      ]),
    ),
  };
}
