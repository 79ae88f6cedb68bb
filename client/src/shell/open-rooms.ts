/**
 * The rooms that were shown last. They stay followed, so that each is there at once; the one that
 * was left longest ago is closed when there are too many.
 */

/** So many stay. */
export const MOST_ROOMS = 8;

interface Closable {
  /** Whether something would be lost or late if it were closed. */
  readonly isBusy: boolean;
  close(): void;
}

export class OpenRooms<Opened extends Closable> {
  /** From the one that was left longest ago to the one that is shown. */
  readonly #rooms = new Map<number, Opened>();

  constructor(
    private readonly open: (room: number) => Opened,
    private readonly most = MOST_ROOMS,
  ) {}

  get size(): number {
    return this.#rooms.size;
  }

  /** All of them now, by their number. */
  get all(): ReadonlyMap<number, Opened> {
    return new Map(this.#rooms);
  }

  add(room: number, opened: Opened): void {
    this.#rooms.set(room, opened);
  }

  /** The room, opened unless it is open; it is the last to be closed from now on. */
  show(room: number): Opened {
    const opened = this.#rooms.get(room) ?? this.open(room);
    this.#rooms.delete(room);
    this.#rooms.set(room, opened);
    this.#closeOldest(opened);
    return opened;
  }

  /** The room is opened anew when it is shown again. */
  forget(room: number): void {
    this.#rooms.get(room)?.close();
    this.#rooms.delete(room);
  }

  #closeOldest(shown: Opened): void {
    for (const [room, opened] of [...this.#rooms]) {
      if (this.#rooms.size <= this.most) return;
      if (opened !== shown && !opened.isBusy) this.forget(room);
    }
  }
}
