import { readFile } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import { protocol } from 'electron';

/** The origin that every window is loaded from. */
export const appOrigin = 'app://pyrometer';

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** Only what was built with the app runs, draws or is asked for; pictures that a canvas makes are the one exception. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Must be called before Electron is ready. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ]);
}

/**
 * The file below `root` that an address of the scheme names, or undefined for other hosts, methods' business aside, and
 * for whatever would leave the folder.
 */
export function fileOfAddress(root: string, address: string): string | undefined {
  const url = new URL(address);
  if (url.protocol !== 'app:' || url.host !== 'pyrometer') return undefined;
  let path: string;
  try {
    path = decodeURIComponent(url.pathname);
  } catch {
    // A malformed escape names no file.
    return undefined;
  }
  if (path.includes('\0')) return undefined;
  const file = normalize(join(root, path));
  if (!file.startsWith(root + sep)) return undefined;
  return extname(file) in contentTypes ? file : undefined;
}

/** Serves the built renderer. */
export function serveAppScheme(root: string): void {
  protocol.handle('app', async (request) => {
    const file = request.method === 'GET' ? fileOfAddress(root, request.url) : undefined;
    if (file === undefined) return new Response('Not found', { status: 404 });
    let body: Buffer;
    try {
      body = await readFile(file);
    } catch (error) {
      return new Response(`Not found: ${String(error)}`, { status: 404 });
    }
    return new Response(new Uint8Array(body), {
      headers: {
        'content-type': contentTypes[extname(file)] ?? 'application/octet-stream',
        'content-security-policy': contentSecurityPolicy,
        'x-content-type-options': 'nosniff',
      },
    });
  });
}
