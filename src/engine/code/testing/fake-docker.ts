import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { tarOfProgram } from '../../docker/tar.js';

/** What lies at a path of a fake container. */
export type FakeEntry =
  { readonly text: string } | { readonly link: string } | { readonly folder: true } | { readonly bytes: Uint8Array };

/** Containers by what they are called, each with its files by path. */
export type FakeContainers = Readonly<
  Record<string, { readonly id: string; readonly folder?: string; readonly files: Readonly<Record<string, FakeEntry>> }>
>;

/** Docker's calls that reading a file needs, and the paths that were asked for. */
export interface FakeDocker {
  readonly asked: readonly string[];
  dispose(): Promise<void>;
}

/** Answers at a socket as Docker does. */
export async function fakeDocker(socket: string, containers: FakeContainers): Promise<FakeDocker> {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://docker');
    asked.push(request.url ?? '');
    const [, , key = '', what] = decodeURIComponent(url.pathname).split('/');
    const found = Object.entries(containers).find(
      ([name, { id }]) => key === name || (key !== '' && id.startsWith(key)),
    );
    const refuse = (): void => {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"message":"No such container or path"}');
    };
    if (found === undefined) {
      refuse();
      return;
    }
    const [, { id, folder = '', files }] = found;
    if (what === 'json') {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ Id: id, Config: { WorkingDir: folder } }));
      return;
    }
    const path = url.searchParams.get('path') ?? '';
    const entry = files[path];
    if (what !== 'archive' || entry === undefined) {
      refuse();
      return;
    }
    response.setHeader('content-type', 'application/x-tar');
    response.end(tarOf(path.slice(path.lastIndexOf('/') + 1), entry));
  }).listen(socket);
  await once(server, 'listening');
  return {
    asked,
    dispose: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A tar archive of one entry, as Docker makes it of a file, a link or a folder. */
export function tarOf(name: string, entry: FakeEntry): Buffer {
  const content =
    'text' in entry ? Buffer.from(entry.text) : 'bytes' in entry ? Buffer.from(entry.bytes) : Buffer.alloc(0);
  const archive = tarOfProgram(name, content);
  if ('link' in entry) {
    archive.write('2', 156);
    archive.write(entry.link, 157, 100);
  } else if ('folder' in entry) archive.write('5', 156);
  return archive;
}
