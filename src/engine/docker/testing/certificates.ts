import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Makes an authority, and what it vouches for: ca.pem, cert.pem and key.pem of a client and of a server on 127.0.0.1. */
export function makeCertificates(folder: string): { readonly client: string; readonly server: string } {
  const [client, server] = [join(folder, 'client'), join(folder, 'server')];
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  mkdirSync(folder, { recursive: true });
  openssl('req', '-x509', ...newKey, '-subj', '/CN=ours', '-days', '2', '-keyout', 'ca-key.pem', '-out', 'ca.pem');
  for (const [path, extensions] of [
    [client, 'extendedKeyUsage = clientAuth'],
    [server, 'subjectAltName = IP:127.0.0.1\nextendedKeyUsage = serverAuth'],
  ] as const) {
    mkdirSync(path);
    writeFileSync(join(path, 'extensions'), extensions);
    openssl('req', '-new', ...newKey, '-subj', '/CN=it', '-keyout', join(path, 'key.pem'), '-out', 'request.pem');
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-CAcreateserial', '-days', '2'];
    const to = ['-extfile', join(path, 'extensions'), '-out', join(path, 'cert.pem')];
    openssl('x509', '-req', '-in', 'request.pem', ...signed, ...to);
    openssl('x509', '-in', 'ca.pem', '-out', join(path, 'ca.pem'));
  }
  return { client, server };
}
