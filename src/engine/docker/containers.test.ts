import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { ok, type Result } from '../../contract/result.js';
import type { Address, ExecResult } from '../link/link.js';
import { LocalLink } from '../link/local-link.js';
import { containerRows, listContainers } from './containers.js';

/** This computer, with Docker's socket somewhere else. */
class ElsewhereLink extends LocalLink {
  private readonly docker: string;
  private readonly unreadable: boolean;

  constructor(docker: string, unreadable = false) {
    super();
    this.docker = docker;
    this.unreadable = unreadable;
  }

  override open(address: Address, signal?: AbortSignal): Promise<Result<Duplex>> {
    const here = address.kind === 'unix' && address.path === '/var/run/docker.sock';
    return super
      .open(here ? { kind: 'unix', path: this.docker } : { kind: 'unix', path: '/none' }, signal)
      .then((opened) => (opened.ok ? ok(channelOf(opened.value)) : opened));
  }

  override exec(): Promise<Result<ExecResult>> {
    return Promise.resolve(ok({ code: this.unreadable ? 0 : 1, signal: null, stdout: '', stderr: '' }));
  }
}

/** A stream with nothing of a socket's, as a channel of SSH is one. */
function channelOf(socket: Duplex): Duplex {
  return Duplex.from({ readable: socket, writable: socket });
}

describe('listContainers', () => {
  it('lists what runs, by name', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pyrometer-docker-'));
    const socket = join(folder, 'docker.sock');
    const ports = [
      { IP: '0.0.0.0', PrivatePort: 8000, PublicPort: 18000, Type: 'tcp' },
      { IP: '0.0.0.0', PrivatePort: 8001, PublicPort: 18001, Type: 'udp' },
      { PrivatePort: 8002, Type: 'tcp' },
    ];
    const published = [{ containerPort: 8000, port: 18000, address: '0.0.0.0' }];
    const docker = createServer((request, response) => {
      expect(request.url).toContain('/containers/json');
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify([
          {
            Id: 'abc',
            Names: ['/revel_web'],
            Image: 'revel:1',
            Labels: { 'com.docker.compose.project': 'revel' },
            Ports: ports,
          },
          { Id: 'f'.repeat(64), Names: [], Image: 'sha256:1', Labels: {}, Ports: [] },
        ]),
      );
    }).listen(socket);
    await once(docker, 'listening');
    const found = await listContainers(new ElsewhereLink(socket), 1000);
    expect(found).toEqual({
      ok: true,
      value: [
        { id: 'abc', name: 'revel_web', image: 'revel:1', composeProject: 'revel', published },
        { id: 'f'.repeat(64), name: 'f'.repeat(12), image: 'sha256:1', composeProject: '', published: [] },
      ],
    });
    expect(found.ok && containerRows(found.value)[0]).toMatchObject({
      name: 'revel_web',
      selector: '{service_name="revel_web"}',
      labels: { compose_project: 'revel', container_id: 'abc' },
    });
    docker.close();
    await rm(folder, { recursive: true });
  });

  it('tells no Docker from a Docker that may not be asked', async () => {
    expect(await listContainers(new ElsewhereLink('/none'), 1000)).toEqual({ ok: true, value: [] });
    expect(await listContainers(new ElsewhereLink('/none', true), 1000)).toMatchObject({
      ok: false,
      failure: { code: 'docker-denied' },
    });
  });
});
