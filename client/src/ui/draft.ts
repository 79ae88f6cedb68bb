/** What was typed and not sent, kept over a reload, for each room and person. */

export class Draft {
  readonly #key: string;

  constructor(room: number, sender: string) {
    this.#key = `papo.draft.${room}.${sender}`;
  }

  read(): string {
    try {
      return localStorage.getItem(this.#key) ?? "";
    } catch {
      return "";
    }
  }

  /** Browsers may deny the storage; the draft then lasts as long as the page. */
  write(text: string): void {
    try {
      if (text === "") localStorage.removeItem(this.#key);
      else localStorage.setItem(this.#key, text);
    } catch {
      return;
    }
  }
}
