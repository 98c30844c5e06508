/** People who ask to become contacts. */
import { call } from '../api/client';
import type { RequestView } from '../api/types';

class Requests {
  list = $state.raw<RequestView[]>([]);
  open = $derived(this.list.filter((request) => request.state === 'open'));

  /** Counts locks: what was asked for before one must not be shown after it. */
  #locks = 0;

  async load(): Promise<void> {
    const locks = this.#locks;
    const { requests } = await call('requests');
    if (locks === this.#locks) this.list = requests;
  }

  clear(): void {
    this.#locks += 1;
    this.list = [];
  }

  take(request: RequestView): void {
    this.list = [...this.list.filter((one) => one.id !== request.id), request];
  }

  drop(id: string): void {
    this.list = this.list.filter((one) => one.id !== id);
  }
}

export const requests = new Requests();
