/** Whether a passphrase is hard enough to guess, asked for the very text that was handed in. */
import { strength } from '../api/client';

/**
 * The verdict on `text()` as it stands now, or `null` when something else was typed before it
 * came: then it is no verdict on what is there.
 */
export async function isHardEnough(
  text: () => string,
  ask: (passphrase: string, signal: AbortSignal) => Promise<{ enough: boolean }> = strength,
): Promise<boolean | null> {
  const asked = text();
  if (asked === '') return false;
  const { enough } = await ask(asked, new AbortController().signal);
  return text() === asked ? enough : null;
}
