// Real programs: a relay, and people with a daemon each; on loopback without Tor, or with
// HUSHWING_OVER=tor over a private Tor network of their own.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const target = process.env.CARGO_TARGET_DIR ?? fileURLToPath(new URL('../../../target', import.meta.url));
export const programs = process.env.HUSHWING_BIN_DIR ?? join(target, 'debug');
const root = mkdtempSync(join(tmpdir(), 'hushwing-e2e-'));
const running = new Set();

class Program {
  constructor(name, args) {
    this.name = name;
    this.args = args;
  }

  /** Starts it and waits for the line that says it is ready, which it gives. */
  async start() {
    const child = spawn(join(programs, this.name), this.args, { stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    this.child = child;
    let complaint = '';
    child.stderr.on('data', (data) => (complaint = (complaint + data).slice(-2000)));
    child.once('exit', () => running.delete(child));
    const line = await new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).once('line', resolve);
      child.once('exit', (code) => reject(new Error(`${this.name} ended with ${code}: ${complaint}`)));
      child.once('error', reject);
    });
    return line;
  }

  async stop() {
    const child = this.child;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }
}

export const isOverTor = process.env.HUSHWING_OVER === 'tor';

/** The configuration of a private Tor network, which is started when it is first asked for. */
let network;
function torNetwork() {
  network ??= new Program('hushwing-testnet', ['start', join(root, 'tor'), '--foreground']).start();
  return network.then((line) => line.replace(/^ready /, ''));
}

/** A relay that keeps its address and its folder over a restart. */
export async function makeRelay(name) {
  const way = isOverTor ? ['--onion', '--tor-network', await torNetwork()] : ['--listen', `127.0.0.1:${await freePort()}`];
  const relay = new Program('hushwing-relay', ['run', '--dir', join(root, name), '--json', ...way]);
  relay.address = JSON.parse(await relay.start()).address;
  return relay;
}

/** Somebody's daemon. */
export async function makePerson(name) {
  const dir = join(root, name);
  const person = new Program('hushwing', ['--dir', dir, 'run', '--json', ...(isOverTor ? ['--tor-network', await torNetwork()] : ['--without-tor'])]);
  person.dir = dir;
  /** The names of what lies in its folder. */
  person.files = () => readdirSync(dir);
  /** The address of the app, good for one opening. */
  person.appAddress = async () => {
    const { stdout } = await promisify(execFile)(join(programs, 'hushwing'), ['--dir', dir, 'open', '--print']);
    const address = new URL(stdout.trim());
    // While the app is worked on: the files of dist/ in front of an older daemon.
    if (!process.env.HUSHWING_FRONT) return address.href;
    const { inFrontOf } = await import('../dev/front.mjs');
    return `${await inFrontOf(address.origin)}/${address.hash}`;
  };
  await person.start();
  return person;
}

/** Ends all that was started and removes its folders. */
export function cleanUp() {
  for (const child of running) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
