/** The app's entry: draws what the page brought along, then connects. */
import "./chat.css";
import { mount } from "svelte";
import App from "./app/App.svelte";
import { Connection } from "./lib";
import { Shell } from "./shell/shell.svelte";
import patterns from "texts:chat";
import { readBoot } from "./ui/boot";
import { Localisation } from "./ui/localisation";

const { language, sender, has_account, message_characters: messageCharacters, origin, rooms, snapshot } = readBoot();
const address = new URL("/ws/", location.href);
address.protocol = address.protocol.replace("http", "ws");

const connection = new Connection(address.href);
connection.memberships.know(rooms ?? []);
const target = document.getElementById("chat");
if (target === null) throw new Error("the page has no #chat");

// Reading, drawing and connecting are a task each, so that none of them keeps a slow telephone from
// answering.
setTimeout(() => {
  const self = { sender, hasAccount: has_account === true, messageCharacters, origin: origin ?? undefined };
  const shell = new Shell(connection, new Localisation(language, patterns), self, snapshot);
  mount(App, { target, props: { shell } });
  document.getElementById("chat-absent")?.remove();
  setTimeout(() => connection.start());
});
