/** People who ask to become contacts. */
import { call } from '../api/client';
import type { RequestView } from '../api/types';

class Requests {
  list = $state.raw<RequestView[]>([]);
  open = $derived(this.list.filter((request) => request.state === 'open'));

  async load(): Promise<void> {
    this.list = (await call('requests')).requests;
  }

  clear(): void {
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
