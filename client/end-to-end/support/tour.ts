/** Every page there is, one after the other, for what must hold on all of them. */
import type { Page } from "playwright-core";
import { ACCOUNT, becomeAdministrator, setRoomActive } from "./administrator";
import type { Person } from "./person";
import type { Server } from "./server";

/** What is looked at; `page` shows it. */
export type Look = (what: string, page: Page) => Promise<void>;

/** Takes a person who hasn't been here through all pages of a server that is new. */
export async function tour(person: Person, server: Server, look: Look): Promise<void> {
  const { page } = person;
  const see = async (what: string, path: string): Promise<void> => {
    await page.goto(path);
    await look(what, page);
  };
  const submit = async (field: string, text: string): Promise<void> => {
    await page.locator(field).fill(text);
    await page.locator("main form button").last().click();
    await page.locator(".field-error, .notice-error").first().waitFor();
  };

  await see("the link for the first administrator", server.setupLink);
  await page.locator("#username").fill(ACCOUNT.name);
  await submit("#password", "short");
  await look("the link for the first administrator, with an error", page);
  await becomeAdministrator(person, server);
  await look("the administration's rooms", page);
  await page.locator("summary").first().click();
  await look("the administration's rooms, asking before deactivating", page);
  await see("the administration's rooms, one just made", "/admin/rooms/?made=1&done=created");
  await see("the administration's rooms, nothing found", "/admin/rooms/?q=nowhere");
  await see("a new room", "/admin/rooms/new/");
  await submit("#name", "Geral");
  await look("a new room, with an error", page);
  await see("a room's form", "/admin/rooms/1/");
  await page.locator("[name=is_active]").uncheck();
  await page.locator("main form button").first().click();
  await page.locator("[name=confirmed]").waitFor();
  await look("a room's form, asking before it closes", page);
  await see("the administration's messages, none yet", "/admin/messages/");
  await see("the administration's people", "/admin/people/");
  await see("the administration's people, nobody found", "/admin/people/?q=nowhere");
  await see("an administrator", "/admin/people/1/");
  for (const summary of await page.locator(".ask > summary").all()) await summary.click();
  await look("an administrator, asking before removing", page);
  await page.locator("[name=wish][value=demote]").click();
  await page.locator(".notice-error").waitFor();
  await look("the last administrator, who stays one", page);
  await see("the audit", "/admin/audit/");
  await see("the audit, nothing found", "/admin/audit/?who=nowhere");
  await see("the settings", "/admin/settings/");
  await page.locator("[name=first_rooms]").first().check();
  await submit("#name", "a\u200bb");
  await look("the settings, with an error", page);

  await see("the rooms", "/");
  await see("leaving, nowhere to leave", "/leave/");
  await see("joining", "/room/1/join/");
  await submit("#username", "Ma\u200bria");
  await look("joining, with an error", page);
  await person.join("Maria");
  await look("a room without messages", page);
  await person.say("Bom dia! https://papo.example/");
  await page.locator(".message-own:not(.message-pending)").waitFor();
  await look("a room", page);
  await page.locator(".message").focus();
  await page.locator(".message-actions").waitFor();
  await look("a room, with what one can do with a message", page);
  await page.evaluate(() => (Math.random = () => 0.999));
  await person.context.setOffline(true);
  await page.locator(".connection-notice button").waitFor();
  await look("a room, without a network", page);
  await person.context.setOffline(false);
  await person.online();
  await see("joining again", "/room/1/join/?rename");
  await see("the rooms, one of them joined", "/");
  await see("leaving a room", "/leave/?room=1");
  await see("leaving all rooms", "/leave/");
  await see("the administration's messages", "/admin/messages/");
  await page.locator("tbody summary").click();
  await look("the administration's messages, asking before deleting", page);

  for (const room of ["Geral", "Tecnologia", "Jogos"]) await setRoomActive(person, room, false);
  await look("the administration's rooms, one just deactivated", page);
  await see("no rooms", "/");
  await see("a room that isn't active", "/room/1/");
  await see("a page that doesn't exist", "/nowhere/");
  await see("the link for the first administrator, used up", server.setupLink);
  await page.goto("/admin/");
  await page.locator("form[action='/logout/'] button").click();
  await page.locator(".page-nav a[href^='/login/']").click();
  await look("signing in", page);
  await page.locator("#username").fill(ACCOUNT.name);
  await submit("#password", "not this one");
  await look("signing in, with an error", page);
}
