/** Times and dates of the administration are of the reader's time zone and clock. */
import { expect } from "vitest";
import { becomeAdministrator } from "./support/administrator";
import { Guest } from "./support/guest";
import type { Server } from "./support/server";
import { test } from "./support/test";

/** Somebody's message, just now. */
async function say(server: Server, text: string): Promise<void> {
  const guest = await Guest.join(server.url, 1, "João");
  const talk = await guest.talk(1);
  await talk.send(text);
  talk.close();
}

/** The day that it is in a time zone, as a date input has it. */
function today(timeZone: string): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone, dateStyle: "short" }).format(new Date());
}

/** 14 hours ahead of UTC, and 11 behind it: of the two one at least has another day than UTC. */
for (const timezoneId of ["Pacific/Kiritimati", "Pacific/Pago_Pago"]) {
  test(`a message of today is found by today's date in ${timezoneId}`, async ({ arrive, server }) => {
    const administrator = await arrive({ timezoneId });
    const { page } = administrator;
    await becomeAdministrator(administrator, server);
    await say(server, "agora");
    await page.goto("/admin/messages/");
    const day = today(timezoneId);
    const [year, month, date] = day.split("-");
    const shown = (await page.locator("tbody time").innerText()).split(",")[0];
    expect(shown).toBe(`${date}/${month}/${year}`);
    expect(await page.getByText("UTC").count()).toBe(0);
    await page.getByLabel("De").fill(day);
    await page.getByLabel("Até").fill(day);
    await page.getByRole("button", { name: "Filtrar" }).click();
    await page.waitForURL(/since=/);
    expect(await page.locator(".text-as-typed").allInnerTexts()).toEqual(["agora"]);
    // The same address from elsewhere, or typed, is of the reader's day too.
    await page.goto(`/admin/messages/?from=${day}&to=${day}&since=1999-01-01T00:00:00Z`);
    await page.waitForURL(/until=/);
    expect(await page.locator(".text-as-typed").allInnerTexts()).toEqual(["agora"]);
    const before = new Date(Date.parse(day) - 86_400_000).toISOString().slice(0, 10);
    await page.getByLabel("De").fill(before);
    await page.getByLabel("Até").fill(before);
    await page.getByRole("button", { name: "Filtrar" }).click();
    await page.getByRole("heading", { name: "Nada encontrado" }).waitFor();
  });
}

test("times have the clock of the reader's English", async ({ arrive, server }) => {
  await say(server, "now");
  for (const [locale, clock] of [
    ["en-US", /\d:\d\d [AP]M$/],
    ["en-GB", /\d\d:\d\d$/],
  ] as const) {
    const reader = await arrive({ locale });
    if (locale === "en-US") await becomeAdministrator(reader, server);
    await reader.join(`Reader of ${locale}`.slice(0, 25));
    const time = reader.page.locator(".message time").first();
    expect((await time.innerText()).replace("\u202f", " ")).toMatch(clock);
    if (locale !== "en-US") continue;
    await reader.page.goto("/admin/messages/");
    const listed = reader.page.locator("tbody time");
    expect((await listed.innerText()).replace("\u202f", " ")).toMatch(clock);
    expect((await listed.getAttribute("title"))?.replace("\u202f", " ")).toMatch(clock);
  }
});

test("without JavaScript everything says that it is UTC", async ({ arrive, server }) => {
  const administrator = await arrive({ javaScriptEnabled: false });
  const { page } = administrator;
  await becomeAdministrator(administrator, server);
  await say(server, "agora");
  await page.goto("/admin/messages/");
  expect(await page.locator("tbody time").innerText()).toMatch(/UTC$/);
  const day = today("UTC");
  await page.getByLabel("De (UTC)").fill(day);
  await page.getByLabel("Até (UTC)").fill(day);
  await page.getByRole("button", { name: "Filtrar" }).click();
  expect(await page.locator(".text-as-typed").allInnerTexts()).toEqual(["agora"]);
  await page.goto("/admin/rooms/");
  expect(await page.locator("time[data-local='date']").first().innerText()).toMatch(/\(UTC\)$/);
});
