/** After how many minutes without use an account locks itself. */

const OFFERED: readonly number[] = [0, 5, 15, 60, 480];

/** What is offered, and what another program has set. */
export function lockChoices(present: number): number[] {
  return [...new Set([...OFFERED, present])].sort((a, b) => (a === 0 ? 1 : b === 0 ? -1 : a - b));
}
