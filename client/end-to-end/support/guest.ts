/** Somebody who talks without a browser: for the many who only have to have been there. */
import { WebSocket } from "ws";
import type { ClientFrame, ServerFrame } from "../../src/lib/frames";
import { createClientId } from "../../src/lib/identifier";

type Settle = (frame: ServerFrame) => void;
type WithoutRef<Frame> = Frame extends ClientFrame ? Omit<Frame, "ref"> : never;

/** A session, once it has joined a room. */
export class Guest {
  private constructor(
    private readonly url: string,
    private readonly cookie: string,
  ) {}

  /** Throws when the name is refused. */
  static async join(url: string, room: number, name: string): Promise<Guest> {
    const cookie = await tryToJoin(url, room, name);
    if (cookie === undefined) throw new Error(`the name ${JSON.stringify(name)} is refused`);
    return new Guest(url, cookie);
  }

  static async joinIfAllowed(url: string, room: number, name: string): Promise<Guest | undefined> {
    const cookie = await tryToJoin(url, room, name);
    return cookie === undefined ? undefined : new Guest(url, cookie);
  }

  /** For a browser that goes on as this guest. */
  get browserCookie(): { name: string; value: string; url: string } {
    const [name = "", value = ""] = this.cookie.split("=");
    return { name, value, url: this.url };
  }

  /** Joins another room. */
  async alsoJoin(room: number, name: string): Promise<void> {
    await tryToJoin(this.url, room, name, this.cookie);
  }

  /** Opens a room's socket and follows the room: is there from now on. */
  async talk(room: number): Promise<Talk> {
    const address = `${this.url.replace("http", "ws")}/ws/chat/${room}/`;
    const socket = new WebSocket(address, "papo.v1", { headers: { cookie: this.cookie, origin: this.url } });
    await new Promise((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    const talk = new Talk(socket, room);
    await talk.follow();
    return talk;
  }
}

/** A room's socket. */
export class Talk {
  #lastRef = 0;
  readonly #waiting = new Map<number, Settle>();

  constructor(
    private readonly socket: WebSocket,
    private readonly room: number,
  ) {
    socket.on("message", (data) => {
      const frame = JSON.parse(String(data)) as ServerFrame;
      if (!("ref" in frame) || frame.ref === undefined) return;
      this.#waiting.get(frame.ref)?.(frame);
      this.#waiting.delete(frame.ref);
    });
  }

  /** Its seq. */
  async send(message: string): Promise<number> {
    return this.#request({ type: "send", room: this.room, client_id: createClientId(), message });
  }

  async edit(seq: number, message: string): Promise<void> {
    await this.#request({ type: "edit", room: this.room, seq, message });
  }

  typing(): void {
    this.#write({ type: "typing", room: this.room });
  }

  async follow(): Promise<void> {
    await this.#request({ type: "subscribe", room: this.room });
  }

  close(): void {
    this.socket.terminate();
  }

  async #request(frame: WithoutRef<ClientFrame>): Promise<number> {
    const ref = (this.#lastRef += 1);
    this.#write({ ...frame, ref } as ClientFrame);
    const answer = await new Promise<ServerFrame>((resolve) => this.#waiting.set(ref, resolve));
    if (answer.type === "error") throw new Error(`${frame.type}: ${answer.code}: ${answer.message}`);
    return "seq" in answer ? (answer.seq ?? 0) : 0;
  }

  #write(frame: ClientFrame): void {
    this.socket.send(JSON.stringify(frame));
  }
}

/** The session's cookie, or nothing when the name is refused. */
async function tryToJoin(url: string, room: number, username: string, cookie = ""): Promise<string | undefined> {
  const answer = await fetch(`${url}/room/${room}/join/`, {
    method: "POST",
    redirect: "manual",
    headers: { origin: url, cookie },
    body: new URLSearchParams({ username }),
  });
  await answer.arrayBuffer();
  if (answer.status !== 303) return undefined;
  return answer.headers.get("set-cookie")?.split(";")[0] ?? cookie;
}
