/**
 * The real server: the binary PAPO_BINARY in a folder of its own, without rate limits, to be
 * stopped, killed and started again.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PATIENCE_MILLISECONDS = 20_000;

/** What a server prints of its address. */
const LISTENING = /listening on (http:\/\/[^\s/]+)\s/;
/** What the first start prints. */
const SETUP_LINK = /(http:\/\/\S+\/admin\/setup\/\S+)\s/;

export class Server {
  /** Without a slash at the end. */
  url = "";
  #process: ChildProcess | undefined;
  #output = "";
  #exited: Promise<number | null> = Promise.resolve(null);

  private constructor(
    private readonly program: string,
    private readonly folder: string,
  ) {}

  static async start(): Promise<Server> {
    const server = new Server(binary(), await mkdtemp(join(tmpdir(), "papo-end-to-end-")));
    await server.#spawn("127.0.0.1:0", SETUP_LINK);
    return server;
  }

  /** The one-time link for the first administrator, as printed. */
  get setupLink(): string {
    const link = SETUP_LINK.exec(this.#output)?.[1];
    if (link === undefined) throw new Error(`no link for the first administrator in:\n${this.#output}`);
    return link;
  }

  /** Runs a command on its folder, which reads `input`. */
  async command(words: string[], input: string): Promise<void> {
    const running = spawn(this.program, [...words, "--data-dir", this.folder], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    running.stdin.end(input);
    const code = await new Promise((resolve) => running.once("exit", resolve));
    if (code !== 0) throw new Error(`papo ${words.join(" ")} ended with ${code}`);
  }

  /** SIGTERM; its exit code. */
  async stop(): Promise<number | null> {
    this.#process?.kill("SIGTERM");
    return this.#exited;
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.#process?.kill("SIGKILL");
    await this.#exited;
  }

  /** SIGSTOP: connections stay, nothing is answered. */
  freeze(): void {
    this.#process?.kill("SIGSTOP");
  }

  /** On the same folder and port. */
  async restart(): Promise<void> {
    await this.#spawn(new URL(this.url).host, LISTENING);
  }

  /** Ends it and removes what it stored. */
  async remove(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true });
  }

  /** Waits until it listens, and until it has printed what is `awaited`. */
  async #spawn(address: string, awaited: RegExp): Promise<void> {
    const started = spawn(this.program, ["serve", "--listen", address, "--data-dir", this.folder], {
      env: { ...process.env, PAPO_RATE_LIMITS: "off" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = started;
    this.#output = "";
    this.#exited = new Promise((resolve) => started.once("exit", resolve));
    this.url = await new Promise<string>((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`${why}; it printed:\n${this.#output}`));
      const timer = setTimeout(() => fail("the server doesn't listen"), PATIENCE_MILLISECONDS);
      started.once("error", (error) => fail(`the server can't be started: ${error.message}`));
      started.once("exit", (code) => fail(`the server ended with ${code}`));
      const read = (data: Buffer): void => {
        this.#output += data.toString();
        const url = LISTENING.exec(this.#output)?.[1];
        if (url === undefined || !awaited.test(this.#output)) return;
        clearTimeout(timer);
        resolve(url);
      };
      started.stdout.on("data", read);
      started.stderr.on("data", read);
    });
  }
}

function binary(): string {
  const path = process.env["PAPO_BINARY"];
  if (path === undefined) {
    throw new Error("these tests need the server: name its binary in PAPO_BINARY, or run `cargo xtask test`");
  }
  if (!existsSync(path)) throw new Error(`PAPO_BINARY: there is no ${path}`);
  return path;
}
