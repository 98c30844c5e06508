/** A file that this page has made, given to the browser or to the desktop window to keep. */
import { isInWindow } from '../stores/arrived.svelte';

/** Bytes that the window takes at a time; in base64 without padding in between. */
const PIECE = 3 * 64 * 1024;

/** Whether it was kept, as far as that is told: a browser does not tell, the window does. */
export async function keep(blob: Blob, name: string): Promise<boolean> {
  if (isInWindow()) return giveToWindow(pieces(new Uint8Array(await blob.arrayBuffer())), name);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  return true;
}

/** Gives one piece after the other in base64, and an empty one at the end. */
export function pieces(bytes: Uint8Array): () => string {
  let at = 0;
  return () => {
    const piece = bytes.subarray(at, (at += PIECE));
    let text = '';
    for (let n = 0; n < piece.length; n += 4096) text += String.fromCharCode(...piece.subarray(n, n + 4096));
    return btoa(text);
  };
}

function giveToWindow(next: () => string, name: string): Promise<boolean> {
  const here = globalThis as { hushwingFile?: { name: string; next: () => string } };
  return new Promise((resolve) => {
    here.hushwingFile = { name, next };
    addEventListener('hushwing-kept', (event) => {
      delete here.hushwingFile;
      resolve((event as CustomEvent<unknown>).detail === true);
    }, { once: true });
    // The window sees where this leads, asks a person where to, and takes it piece by piece.
    location.href = 'hushwing-window:keep';
  });
}
