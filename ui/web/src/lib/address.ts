/** A relay's address, short enough to tell it from another one. */
const SHOWN = 12;

export function shortAddress(address: string): string {
  const bare = address.replace(/^hushwing-relay:/i, '');
  return bare.length <= SHOWN ? bare : `${bare.slice(0, SHOWN)}…`;
}
