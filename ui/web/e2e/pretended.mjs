// Starts the pretended daemon of dev/ on a port of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

let nextPort = 7900 + (process.pid % 500);

export async function pretended(env) {
  const port = nextPort++;
  const program = fileURLToPath(new URL('../dev/mock-daemon.mjs', import.meta.url));
  const child = spawn(process.execPath, [program], { env: { ...process.env, ...env, PORT: String(port) }, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  return { address: String(line).trim(), stop: () => child.kill() };
}
