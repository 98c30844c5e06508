/** What an estimated number of guesses means. */

/** Places of the bar; half of them is what is demanded. */
export const PARTS = 8;

/** Decimal logarithm of the guesses that are demanded, as in `crates/api`. */
const ENOUGH_LOG10 = 10;

/** What the key derivation holds a well-equipped thief to, a second: 10^4. */
const GUESSES_A_SECOND_LOG10 = 4;

/** How many places of the bar are full: none for nothing, half at what is demanded. */
export function partsOf(guessesLog10: number): number {
  const full = Math.floor((guessesLog10 / ENOUGH_LOG10) * (PARTS / 2));
  return Math.max(guessesLog10 > 0 ? 1 : 0, Math.min(PARTS, full));
}

const STEPS: [id: string, seconds: number][] = [
  ['time-centuries', 100 * 365 * 86_400],
  ['time-years', 365 * 86_400],
  ['time-months', 30 * 86_400],
  ['time-days', 86_400],
  ['time-hours', 3_600],
  ['time-minutes', 60],
];

/** How long they take: the words' id and their number. */
export function guessingTime(guessesLog10: number): { id: string; count: number } {
  const seconds = 10 ** Math.min(300, guessesLog10 - GUESSES_A_SECOND_LOG10);
  const step = STEPS.find(([, length]) => seconds >= length);
  if (step === undefined) return { id: 'time-moment', count: 0 };
  if (step[0] === 'time-centuries') return { id: 'time-centuries', count: 0 };
  return { id: step[0], count: Math.floor(seconds / step[1]) };
}
