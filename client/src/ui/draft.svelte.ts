/**
 * What was typed and not sent, kept over a reload, for each room and person. Each tab has its own;
 * one that is opened anew begins with what was typed last, in whichever.
 */

/** The key of a room's draft in the browser's storage. */
const KEY = /^papo\.draft\.(\d+)\.(.+)$/;

/** The rooms in which a person has typed something and not sent it. */
export function roomsWithDrafts(sender: string): Set<number> {
  const keys = attempt(() => Object.keys(localStorage)) ?? [];
  return new Set(
    keys.flatMap((key) => {
      const [, room, person] = KEY.exec(key) ?? [];
      return person === sender ? [Number(room)] : [];
    }),
  );
}

export class Draft {
  /** Whether there is any. */
  exists = $state(false);
  readonly #key: string;
  /** As it was written last: browsers may deny the storage. */
  #text: string | undefined;

  constructor(room: number, sender: string) {
    this.#key = `papo.draft.${room}.${sender}`;
    this.exists = this.read() !== "";
  }

  read(): string {
    return this.#text ?? attempt(() => sessionStorage.getItem(this.#key) ?? localStorage.getItem(this.#key)) ?? "";
  }

  write(text: string): void {
    this.#text = text;
    this.exists = text.trim() !== "";
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
