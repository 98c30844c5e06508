/** The dialogs by their names; each is loaded when it is first asked for. */
export const ALL = {
  invite: () => import('./Invite.svelte'),
  redeem: () => import('./Redeem.svelte'),
  requests: () => import('./Requests.svelte'),
  relay: () => import('./AddRelay.svelte'),
  palette: () => import('./Palette.svelte'),
  shortcuts: () => import('./Shortcuts.svelte'),
};

/** Loads all of them. */
export function loadDialogs(): Promise<unknown>[] {
  return Object.values(ALL).map((load) => load());
}
