/**
 * Serves the built client and a `MockRoom` to a browser, under the real server's content policy.
 */
import { readFile } from "node:fs/promises";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import type { ClientFrame, Membership, ServerFrame } from "../src/lib/frames";
import { EPOCH, LIMITS, MockRoom, SELF } from "./room";

const DIST = new URL("../dist/", import.meta.url);
const TYPES: Record<string, string> = { js: "text/javascript", css: "text/css", svg: "image/svg+xml" };
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'";

export class MockServer {
  readonly room = new MockRoom();
  readonly #rooms = new Map([[1, this.room]]);
  language = "pt-BR";
  /** Whether connections are taken. */
  accepting = true;
  /** Whether the browser still has its cookie. */
  knowsVisitor = true;
  /** Whether the browser has more sockets than it may. */
  hasTooManySockets = false;
  /** Where sockets are taken from, as the page says. */
  origin: string | undefined;
  url = "";
  /** The paths that were asked for over HTTP. */
  readonly asked: string[] = [];
  #pages: Promise<void> = Promise.resolve();
  readonly #http = createServer((request, response) => void this.#page(request, response));
  readonly #websocket = new WebSocketServer({ noServer: true, handleProtocols: () => "papo.v1" });

  async start(): Promise<this> {
    this.#http.on("upgrade", (request, socket, head) => {
      if (!this.accepting) socket.end("HTTP/1.1 503 Service Unavailable\r\n\r\n");
      else this.#websocket.handleUpgrade(request, socket, head, (opened) => this.#websocket.emit("connection", opened));
    });
    this.#websocket.on("connection", (socket) => {
      const send = (frame: ServerFrame): void => socket.send(JSON.stringify(frame));
      const each = (act: (room: MockRoom) => void): void => [...this.#rooms.values()].forEach(act);
      socket.on("close", () =>
        each((room) => {
          room.followers.delete(send);
          room.watchers.delete(send);
        }),
      );
      socket.on("message", (data) => {
        const frame = JSON.parse(String(data)) as ClientFrame;
        const number = "room" in frame ? frame.room : undefined;
        this.#rooms.get(number ?? 1)?.request(frame, send);
      });
      each((room) => room.watchers.add(send));
      const about = { epoch: EPOCH, sender: SELF.sender, heartbeat: 25, limits: LIMITS };
      send({ type: "welcome", ...about, inbox: 1, rooms: this.#memberships() });
    });
    await new Promise<void>((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
    return this;
  }

  /** Another room that the visitor is in. */
  addRoom(id: number, name: string): MockRoom {
    const room = new MockRoom(id, name);
    this.#rooms.set(id, room);
    return room;
  }

  stop(): void {
    this.drop();
    this.#http.closeAllConnections();
    this.#http.close();
  }

  /** Cuts every connection, or closes it with a code. */
  drop(code?: number): void {
    for (const socket of this.#websocket.clients) {
      if (code === undefined) socket.terminate();
      else socket.close(code);
    }
  }

  /** Answers no page of older messages until the result is called. */
  holdPages(): () => void {
    let release: () => void = () => {};
    this.#pages = new Promise((resolve) => (release = resolve));
    return release;
  }

  async #page(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.url);
    this.asked.push(url.pathname);
    const answer = (status: number, type: string, body: string | Buffer): void => {
      response.writeHead(status, { "content-type": type, "content-security-policy": POLICY });
      response.end(body);
    };
    const asked = this.#rooms.get(Number(/^\/room\/(\d+)\/$/.exec(url.pathname)?.[1]));
    const [, file, extension] = /^\/static\/([A-Za-z-]+\.(js|css|svg))$/.exec(url.pathname) ?? [];
    if (file && extension) answer(200, TYPES[extension] ?? "", await readFile(new URL(file, DIST)));
    else if (url.pathname === "/room/1/messages/" && !this.knowsVisitor) answer(401, "application/json", "{}");
    else if (url.pathname === "/room/1/messages/" && this.hasTooManySockets) answer(429, "application/json", "{}");
    else if (url.pathname === "/room/1/messages/") {
      await this.#pages;
      const page = this.room.page(Number(url.searchParams.get("before")));
      answer(200, "application/json", JSON.stringify(page));
    } else if (asked !== undefined) answer(200, "text/html; charset=utf-8", this.#html(asked));
    else answer(404, "text/plain", "not found");
  }

  #memberships(): Membership[] {
    return [...this.#rooms.values()].map((room) => room.membership());
  }

  #html(room: MockRoom): string {
    const { message_characters } = LIMITS;
    const { language, origin } = this;
    const snapshot = room.snapshot();
    const rooms = this.#memberships();
    const boot = { language, origin, sender: SELF.sender, message_characters, rooms, snapshot };
    return `<!doctype html>
<html lang="${this.language}" class="chat-root">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content" />
    <title>Papo</title>
    <link rel="icon" href="/static/favicon.svg" />
    <link rel="stylesheet" href="/static/chat.css" />
  </head>
  <body class="chat-page">
    <div id="chat"></div>
    <div class="page-main page-main-narrow chat-absent" id="chat-absent">
      <div class="notice notice-info">A conversa não abriu.</div>
    </div>
    <script type="application/json" id="boot">${JSON.stringify(boot).replaceAll("<", "\\u003c")}</script>
    <script type="module" src="/static/chat${this.language === "en" ? "-en" : ""}.js"></script>
  </body>
</html>`;
  }
}
