import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Address } from '../link/link.js';
import { parseHost } from './find-docker.js';

/** An engine as this computer's user names it. */
export interface NamedEngine {
  readonly address: Address;
  /** Its context's name; undefined where the environment names it. */
  readonly name?: string;
  /** The folder of the certificates with which it is spoken to. */
  readonly certificates?: string;
}

/** What a context's meta.json holds, as far as it is read. */
const Meta = v.object({
  Name: v.string(),
  Endpoints: v.object({ docker: v.object({ Host: v.string(), SkipTLSVerify: v.optional(v.boolean(), false) }) }),
});

function settingsFolder(): string {
  return process.env['DOCKER_CONFIG'] ?? join(homedir(), '.docker');
}

/**
 * Docker's contexts on this computer that a link can be opened to, by its own files: "contexts/meta/ID/meta.json", and of those
 * with certificates "contexts/tls/ID/docker" with ca.pem, cert.pem and key.pem. What another program left there is passed over.
 */
export async function dockerContexts(): Promise<readonly NamedEngine[]> {
  const folder = join(settingsFolder(), 'contexts');
  const ids = await namesIn(join(folder, 'meta'));
  const read = await Promise.all(ids.sort().map((id) => readContext(folder, id)));
  return read.filter((each) => each !== undefined);
}

async function readContext(folder: string, id: string): Promise<NamedEngine | undefined> {
  let meta: v.InferOutput<typeof Meta>;
  try {
    meta = v.parse(Meta, JSON.parse(await readFile(join(folder, 'meta', id, 'meta.json'), 'utf8')));
  } catch {
    return undefined; // none, or one of another kind
  }
  const { Host: host, SkipTLSVerify: unverified } = meta.Endpoints.docker;
  const address = parseHost(host);
  if (address === undefined) return undefined;
  const certificates = join(folder, 'tls', id, 'docker');
  const isSecured = address.kind === 'tcp' && (unverified || (await namesIn(certificates)).length > 0);
  return { address, name: meta.Name, ...(isSecured ? { certificates } : {}) };
}

/** Where the certificates lie for what DOCKER_HOST names when DOCKER_TLS_VERIFY is set. */
export function certificatesOfEnvironment(): string {
  return process.env['DOCKER_CERT_PATH'] ?? settingsFolder();
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    return []; // it is not there
  }
}
