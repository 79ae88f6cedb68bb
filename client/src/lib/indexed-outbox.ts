/**
 * The outbox in IndexedDB, shared by the tabs of a browser. Where IndexedDB is denied, memory has
 * to do.
 */
import { MemoryOutbox, type Outbox, type OutboxEntry } from "./outbox.js";

const STORE = "outbox";
const BY_OWNER = "owner";

export class IndexedOutbox implements Outbox {
  readonly #database: Promise<IDBDatabase>;
  /** To the other tabs: the `client_id` of each discarded entry. */
  readonly #discarded: BroadcastChannel;

  constructor(factory: IDBFactory, name = "papo") {
    this.#discarded = new BroadcastChannel(`${name} discarded`);
    const request = factory.open(name, 1);
    request.onupgradeneeded = () => {
      const store = request.result.createObjectStore(STORE, { keyPath: "client_id" });
      store.createIndex(BY_OWNER, ["room", "sender", "order"]);
    };
    this.#database = settled(request);
    this.#database.catch(() => {});
  }

  async load(room: number, sender: string): Promise<OutboxEntry[]> {
    const store = await this.#open("readonly");
    const range = IDBKeyRange.bound([room, sender, -Infinity], [room, sender, Infinity]);
    return settled(store.index(BY_OWNER).getAll(range) as IDBRequest<OutboxEntry[]>);
  }

  async put(entry: OutboxEntry): Promise<void> {
    const store = await this.#open("readwrite");
    store.put(entry);
    await committed(store.transaction);
  }

  async remove(clientId: string): Promise<void> {
    const store = await this.#open("readwrite");
    store.delete(clientId);
    await committed(store.transaction);
  }

  async discard(clientId: string): Promise<void> {
    this.#discarded.postMessage(clientId);
    await this.remove(clientId);
  }

  onDiscarded(callback: (clientId: string) => void): () => void {
    const listener = ({ data }: MessageEvent<string>): void => callback(data);
    this.#discarded.addEventListener("message", listener);
    return () => this.#discarded.removeEventListener("message", listener);
  }

  async #open(mode: IDBTransactionMode): Promise<IDBObjectStore> {
    return (await this.#database).transaction(STORE, mode).objectStore(STORE);
  }
}

/** The best outbox there is here. */
export function createOutbox(): Outbox {
  try {
    return new IndexedOutbox(indexedDB);
  } catch {
    return new MemoryOutbox();
  }
}

function settled<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the database refused a request"));
  });
}

function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("the database refused a write"));
  });
}
