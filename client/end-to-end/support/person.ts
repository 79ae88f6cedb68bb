/** Somebody with a browser of their own, in Portuguese unless said otherwise. */
import type { BrowserContext, BrowserContextOptions, Locator, Page } from "playwright-core";
import { openContext } from "../../test-support/chromium";

const PATIENCE_MILLISECONDS = 15_000;

export class Person {
  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
    /** What the browser complained about: errors, and violations of the content policy. */
    readonly complaints: string[],
  ) {}

  static async arrive(url: string, options: BrowserContextOptions = {}): Promise<Person> {
    const complaints: string[] = [];
    const context = await openContext(complaints, { baseURL: url, ...options });
    context.setDefaultTimeout(PATIENCE_MILLISECONDS);
    return new Person(context, await context.newPage(), complaints);
  }

  /** Joins by the form, and waits for the chat. */
  async join(name: string, room = 1): Promise<void> {
    await this.page.goto(`/room/${room}/join/`);
    await this.page.locator("#username").fill(name);
    await this.page.locator("#username").press("Enter");
    await this.online();
  }

  get composer(): Locator {
    return this.page.locator(".composer textarea");
  }

  get sendButton(): Locator {
    return this.page.locator(".send-button");
  }

  async say(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.sendButton.click();
  }

  /** The messages' texts, as they stand in the log. */
  async messages(): Promise<string[]> {
    return this.page.locator(".message-text").allTextContents();
  }

  async online(): Promise<void> {
    await this.page.locator(".status-online").waitFor();
  }

  async offline(): Promise<void> {
    await this.page.locator(".status-offline").waitFor();
  }
}
