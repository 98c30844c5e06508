/** The account as a whole: whether it is open, the network, the relays. */
import { call } from '../api/client';
import type { NetworkView, RelayView, VaultState } from '../api/types';

class Account {
  /** `null` until the daemon has said. */
  state = $state<VaultState | null>(null);
  network = $state<NetworkView>({ state: 'off' });
  /** The daemon was started without Tor, for trying things out. */
  isWithoutTor = $state(false);
  relays = $state<RelayView[]>([]);
  version = $state('');
  /** Made or restored on this page: the first steps are shown. */
  isNew = $state(false);
  /** Deleted on this page: the first page says that it was. */
  isWiped = $state(false);

  async refresh(): Promise<void> {
    const status = await call('status');
    this.version = status.version;
    this.network = status.network;
    this.isWithoutTor = status.without_tor === true;
    this.relays = status.relays;
    this.state = status.vault;
    if (status.vault !== 'missing') this.isWiped = false;
  }
}

export const account = new Account();
