// Starts the pretended daemon of dev/ on a port that the system picks.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// What a story that fails leaves behind ends with this program.
const running = new Set();
process.once('exit', () => running.forEach((child) => child.kill()));

export async function pretended(env) {
  const program = fileURLToPath(new URL('../dev/mock-daemon.mjs', import.meta.url));
  const child = spawn(process.execPath, [program], { env: { ...process.env, ...env, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const line = await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('exit', (code) => reject(new Error(`the pretended daemon ended with ${code}`)));
  });
  return { address: String(line).trim(), stop: () => child.kill() };
}
