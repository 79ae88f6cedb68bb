/**
 * What lies between one browser and the server: it can be cut, and it can lose what the server
 * answers.
 */
import { type AddressInfo, type Server as Listener, type Socket, connect, createServer } from "node:net";
import type { Server } from "./server";

export class Cable {
  /** Where the browser finds the server. */
  url = "";
  readonly #listener: Listener;
  readonly #ends = new Set<Socket>();
  #whole = true;
  #losing = false;

  private constructor(to: URL) {
    this.#listener = createServer((near) => this.#join(near, connect(Number(to.port), to.hostname)));
  }

  static async lay(server: Server): Promise<Cable> {
    const cable = new Cable(new URL(server.url));
    await new Promise<void>((resolve) => cable.#listener.listen(0, "127.0.0.1", resolve));
    cable.url = `http://127.0.0.1:${(cable.#listener.address() as AddressInfo).port}`;
    return cable;
  }

  cut(): void {
    this.#whole = false;
    for (const end of this.#ends) end.destroy();
  }

  mend(): void {
    this.#whole = true;
    this.#losing = false;
  }

  /** From now on nothing comes back from the server. */
  loseAnswers(): void {
    this.#losing = true;
  }

  remove(): void {
    this.cut();
    this.#listener.close();
  }

  #join(near: Socket, far: Socket): void {
    const forget = (): void => {
      for (const end of [near, far]) this.#ends.delete(end.destroy());
    };
    for (const end of [near, far]) {
      this.#ends.add(end);
      end.on("error", forget);
      end.on("close", forget);
    }
    if (!this.#whole) return forget();
    near.on("data", (data) => far.write(data));
    far.on("data", (data) => {
      if (!this.#losing) near.write(data);
    });
  }
}
