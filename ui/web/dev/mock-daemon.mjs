// NOT SHIPPED. A daemon that only pretends, for working on the app without building
// the real one: it speaks the same JSON, keeps everything in memory, encrypts
// nothing and reaches nobody. `npm run build && npm run mock`, then open the
// address that it prints. SCENE=new|locked|open|long (open), TOR=starting|blocked, INDEX=partial.
import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { makeWorld } from './mock-world.mjs';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const port = Number(process.env.PORT ?? 7878);
const scene = process.env.SCENE ?? 'open';
const code = process.env.CODE ?? 'dev-code-dev-code-dev-code-dev-code-dev-cod';
const run = randomBytes(8).toString('hex');

const listeners = new Set();
let serial = 0;
const tell = (event) => {
  serial += 1;
  for (const socket of listeners) socket.send(JSON.stringify({ serial, ...event }));
};
const world = makeWorld({ scene, tor: process.env.TOR, index: process.env.INDEX, tell });
const spool = new Map();

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2', '.json': 'application/json', '.txt': 'text/plain' };
const policy = () => `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; connect-src 'self' ws://127.0.0.1:${server.address().port}; require-trusted-types-for 'script'; trusted-types svelte-trusted-html; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`;

async function body(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

const server = createServer(async (request, response) => {
  const send = (status, value) => {
    response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
    response.end(value === undefined ? '' : JSON.stringify(value));
  };
  const path = new URL(request.url, 'http://x').pathname;
  if (path === '/v0/session') return send(200, { token: randomUUID(), again: code });
  if (path === '/v0/strength') return send(200, strength(JSON.parse(await body(request)).passphrase));
  if (path.startsWith('/v0/files/')) {
    const id = path.slice('/v0/files/'.length);
    if (request.method === 'PUT') {
      spool.set(id, await body(request));
      return send(200, { len: spool.get(id).length });
    }
    if (request.method === 'DELETE') return send(200, {});
    response.writeHead(200, { 'Content-Type': 'application/octet-stream' });
    return response.end(spool.get(id) ?? 'pretended');
  }
  if (path === '/v0/command') {
    const { command, ...fields } = JSON.parse(await body(request));
    try {
      const reply = await world.call(command, fields);
      return send(200, { reply: command, ...reply });
    } catch (error) {
      return send(error.code ? 400 : 500, { code: error.code ?? 'machine', message: error.message, retry_after_s: error.retry_after_s ?? null });
    }
  }
  try {
    const name = path === '/' ? '/index.html' : normalize(path);
    const file = await readFile(join(dist, name));
    response.writeHead(200, {
      'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream',
      'Content-Security-Policy': policy(),
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
    });
    response.end(file);
  } catch {
    send(404);
  }
});

function strength(passphrase) {
  const words = new Set(passphrase.split(/\s+/).filter((word) => word.length > 2)).size;
  const guesses_log10 = Math.min(passphrase.length * 0.6, words * 3.6);
  return { enough: guesses_log10 >= 10, guesses_log10, because: words === 1 ? 'single_word' : null };
}

new WebSocketServer({ server, path: '/v0/events', handleProtocols: () => 'hushwing.v0' }).on('connection', (socket) => {
  listeners.add(socket);
  socket.on('close', () => listeners.delete(socket));
  socket.send(JSON.stringify({ event: 'listening', run, serial, resumed: false }));
});

server.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/#open=${code}`));
