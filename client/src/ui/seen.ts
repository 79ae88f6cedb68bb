/** Up to where one has seen a room, kept by the browser and shared by its tabs. */

export class SeenPosition {
  readonly #key: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #unwritten = 0;

  constructor(room: number, sender: string) {
    this.#key = `papo.seen.${room}.${sender}`;
  }

  /** Undefined on the first visit, and where the browser denies the storage. */
  read(): number | undefined {
    try {
      const value = localStorage.getItem(this.#key);
      return value === null || !/^\d{1,15}$/.test(value) ? undefined : Number(value);
    } catch {
      return undefined;
    }
  }

  /** Written a moment later, since in a busy room the position moves all the time. */
  write(seq: number): void {
    this.#unwritten = seq;
    this.#timer ??= setTimeout(() => this.flush(), 300);
  }

  /** Writes what is still to be written, unless another tab has seen more meanwhile. */
  flush(): void {
    if (this.#timer === undefined) return;
    this.#cancel();
    if (this.#unwritten > (this.read() ?? -1)) this.#store(this.#unwritten);
  }

  /** Puts the position back: the history was replaced by a shorter one. */
  moveBack(seq: number): void {
    this.#cancel();
    this.#store(seq);
  }

  /** Calls back when another tab has seen more; the result stops that. */
  onOther(callback: (seq: number) => void): () => void {
    const changed = ({ key }: StorageEvent): void => {
      const seq = key === this.#key ? this.read() : undefined;
      if (seq !== undefined) callback(seq);
    };
    window.addEventListener("storage", changed);
    return () => window.removeEventListener("storage", changed);
  }

  #cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #store(seq: number): void {
    try {
      localStorage.setItem(this.#key, String(seq));
    } catch {
      return;
    }
  }
}
