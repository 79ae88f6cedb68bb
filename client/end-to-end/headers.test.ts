/** The headers that protect, on every kind of answer. */
import { expect } from "vitest";
import { becomeAdministrator } from "./support/administrator";
import { test } from "./support/test";

const POLICY = {
  "default-src": "'none'",
  "script-src": "'self'",
  "style-src": "'self'",
  "connect-src": "'self'",
  "form-action": "'self'",
  "frame-ancestors": "'none'",
  "base-uri": "'none'",
};

test("every answer has the security headers, and browsers don't store private pages", async ({ arrive, server }) => {
  const administrator = await arrive();
  await becomeAdministrator(administrator, server);
  await administrator.join("Maria");
  const cookies = await administrator.context.cookies();
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  const asset = await administrator.page.locator("script[src]").getAttribute("src");

  const own = { origin: server.url };
  const answers: [number, string, RequestInit?][] = [
    [200, "/"],
    [308, "/room/1"],
    [303, "/room/1/join/"],
    [200, "/room/1/join/?rename"],
    [422, "/room/1/join/", { method: "POST", headers: own, body: new URLSearchParams({ username: "" }) }],
    [303, "/room/1/join/", { method: "POST", headers: own, body: new URLSearchParams({ username: "Maria" }) }],
    [403, "/room/1/join/", { method: "POST", headers: { origin: "https://evil.example" } }],
    [
      413,
      "/room/1/join/",
      { method: "POST", headers: own, body: new URLSearchParams({ username: "x".repeat(70_000) }) },
    ],
    [200, "/room/1/"],
    [200, "/room/1/messages/?before=1"],
    [303, "/room/2/"],
    [404, "/room/99/"],
    [404, "/room/x/"],
    [200, "/leave/"],
    [405, "/", { method: "DELETE", headers: own }],
    [404, "/nowhere/"],
    [303, "/admin/"],
    [200, "/admin/rooms/"],
    [200, "/admin/rooms/1/"],
    [200, "/admin/messages/"],
    [404, "/admin/setup/x/"],
    [404, "/static/nothing.js"],
    [200, "/healthz"],
    [200, "/robots.txt"],
  ];
  for (const [status, path, request] of answers) {
    const answer = await fetch(server.url + path, {
      redirect: "manual",
      ...request,
      headers: { cookie, ...(request?.headers as Record<string, string>) },
    });
    await answer.arrayBuffer();
    const what = `${request?.method ?? "GET"} ${path}`;
    expect([what, answer.status]).toEqual([what, status]);
    expectProtected(what, answer);
    expect([what, answer.headers.get("cache-control")]).toEqual([what, "no-store"]);
  }

  const script = await fetch(server.url + asset);
  expectProtected("a script", script);
  expect(script.headers.get("cache-control")).toContain("immutable");
  const strangers = await fetch(`${server.url}/admin/rooms/`, { redirect: "manual" });
  expect(strangers.status).toBe(303);
  for (const { name, httpOnly, sameSite } of cookies) {
    expect([name, httpOnly, sameSite]).toEqual([name, true, "Lax"]);
  }
});

function expectProtected(what: string, { headers }: Response): void {
  const policy = Object.fromEntries(
    (headers.get("content-security-policy") ?? "").split(";").map((rule) => {
      const [name = "", ...values] = rule.trim().split(" ");
      return [name, values.join(" ")];
    }),
  );
  expect({ what, ...policy }).toMatchObject({ what, ...POLICY });
  const others = ["x-content-type-options", "referrer-policy", "cross-origin-opener-policy", "x-frame-options"];
  const values = others.map((name) => headers.get(name));
  expect([what, ...values]).toEqual([what, "nosniff", "same-origin", "same-origin", "DENY"]);
}
