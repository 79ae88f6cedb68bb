/**
 * What was typed and not sent, kept over a reload, for each room and person. Each tab has its own;
 * one that is opened anew begins with what was typed last, in whichever.
 */

export class Draft {
  readonly #key: string;
  /** As it was written last: browsers may deny the storage. */
  #text: string | undefined;

  constructor(room: number, sender: string) {
    this.#key = `papo.draft.${room}.${sender}`;
  }

  read(): string {
    return this.#text ?? attempt(() => sessionStorage.getItem(this.#key) ?? localStorage.getItem(this.#key)) ?? "";
  }

  write(text: string): void {
    this.#text = text;
    attempt(() => {
      const before = sessionStorage.getItem(this.#key);
      sessionStorage.setItem(this.#key, text);
      if (text !== "") localStorage.setItem(this.#key, text);
      else if (localStorage.getItem(this.#key) === before) localStorage.removeItem(this.#key);
    });
  }
}

/** Browsers may deny the storage; the draft then lasts as long as the page. */
function attempt<Result>(access: () => Result): Result | undefined {
  try {
    return access();
  } catch {
    return undefined;
  }
}
