/**
 * Up to where one has seen a room, kept by the browser and shared by its tabs. The server knows it
 * too, a moment later.
 */
import type { ReadPosition } from "../lib";

export class SeenPosition {
  readonly #key: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #unwritten: ReadPosition = { seq: 0, version: 0 };

  constructor(room: number, sender: string) {
    this.#key = `papo.seen.${room}.${sender}`;
  }

  /** Undefined on the first visit, and where the browser denies the storage. */
  read(): ReadPosition | undefined {
    try {
      const [, seq, version = 0] = /^(\d{1,15})(?:\/(\d{1,15}))?$/.exec(localStorage.getItem(this.#key) ?? "") ?? [];
      return seq === undefined ? undefined : { seq: Number(seq), version: Number(version) };
    } catch {
      return undefined;
    }
  }

  /** Written a moment later, since in a busy room the position moves all the time. */
  write(position: ReadPosition): void {
    this.#unwritten = position;
    this.#timer ??= setTimeout(() => this.flush(), 300);
  }

  /** Writes what is still to be written, unless another tab has seen more meanwhile. */
  flush(): void {
    if (this.#timer === undefined) return;
    this.#cancel();
    const stored = this.read();
    if (stored === undefined || isAhead(this.#unwritten, stored)) this.#store(this.#unwritten);
  }

  /** Puts another position there, maybe further back. */
  replace(position: ReadPosition): void {
    this.#cancel();
    this.#store(position);
  }

  /** Calls back when another tab has seen more; the result stops that. */
  onOther(callback: (position: ReadPosition) => void): () => void {
    const changed = ({ key }: StorageEvent): void => {
      const position = key === this.#key ? this.read() : undefined;
      if (position !== undefined) callback(position);
    };
    window.addEventListener("storage", changed);
    return () => window.removeEventListener("storage", changed);
  }

  #cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #store({ seq, version }: ReadPosition): void {
    try {
      localStorage.setItem(this.#key, version === 0 ? String(seq) : `${seq}/${version}`);
    } catch {
      return;
    }
  }
}

function isAhead(left: ReadPosition, right: ReadPosition): boolean {
  return left.version > right.version || (left.version === right.version && left.seq > right.seq);
}
