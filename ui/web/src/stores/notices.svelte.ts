/** What is said in passing: seen for some seconds, and read out by screen readers. */

export interface Notice {
  id: number;
  text: string;
  tone: 'plain' | 'bad';
}

const SHOWN_MS = 6_000;

class Notices {
  shown = $state<Notice[]>([]);
  /** Read out, not seen. */
  spoken = $state('');
  #next = 1;

  /** Shows and reads out. */
  say(text: string, tone: Notice['tone'] = 'plain'): void {
    const id = this.#next++;
    this.shown = [...this.shown.slice(-2), { id, text, tone }];
    setTimeout(() => this.dismiss(id), tone === 'bad' ? SHOWN_MS * 2 : SHOWN_MS);
  }

  /** Reads out what others can see for themselves. */
  speak(text: string): void {
    this.spoken = text;
  }

  /** They may name people and hold what they wrote. */
  clear(): void {
    this.shown = [];
    this.spoken = '';
  }

  dismiss(id: number): void {
    this.shown = this.shown.filter((notice) => notice.id !== id);
  }
}

export const notices = new Notices();
