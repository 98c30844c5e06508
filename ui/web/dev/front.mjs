// NOT SHIPPED. Puts the app of dist/ in front of a daemon that has another one built
// in, so that work on the app needs no build of the daemon: files from here, all else
// to the daemon, as if it came from the daemon's own page.
import { readFile } from 'node:fs/promises';
import { createServer, request as ask } from 'node:http';
import { connect } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };

/** The origin at which the app of dist/ talks to the daemon at `daemon` (an origin, too). */
export async function inFrontOf(daemon) {
  const { hostname, port, host } = new URL(daemon);
  const as = (headers) => ({ ...headers, host, ...(headers.origin ? { origin: daemon } : {}) });
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, daemon).pathname;
    if (path.startsWith('/v0/')) {
      const passed = ask({ hostname, port, path: request.url, method: request.method, headers: as(request.headers) }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      passed.on('error', () => response.destroy());
      request.pipe(passed);
      return;
    }
    try {
      const name = path === '/' ? '/index.html' : normalize(path);
      const file = await readFile(join(dist, name));
      const here = `127.0.0.1:${server.address().port}`;
      response.writeHead(200, {
        'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream',
        'Content-Security-Policy': `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; connect-src 'self' ws://${here}; require-trusted-types-for 'script'; trusted-types svelte-trusted-html; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
        'Cache-Control': 'no-store',
      });
      response.end(file);
    } catch {
      response.writeHead(404).end();
    }
  });
  server.on('upgrade', (request, socket, head) => {
    const there = connect(Number(port), hostname, () => {
      const lines = Object.entries(as(request.headers)).map(([name, value]) => `${name}: ${value}`);
      there.write(`${request.method} ${request.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
      there.write(head);
      there.pipe(socket).pipe(there);
    });
    there.on('error', () => socket.destroy());
    there.on('close', () => socket.destroy());
    socket.on('error', () => there.destroy());
    socket.on('close', () => there.destroy());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${server.address().port}`;
}
