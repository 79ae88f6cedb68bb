/** The chat screen's entry: draws what the page brought along, then connects. */
import "./app.css";
import { mount } from "svelte";
import { Connection, Room } from "./lib";
import Chat from "./ui/Chat.svelte";
import { readBoot } from "./ui/boot";
import { Localisation } from "./ui/localisation";
import { Screen } from "./ui/screen.svelte";

const { language, sender, has_account, message_characters: messageCharacters, origin, snapshot } = readBoot();
const address = new URL("/ws/", location.href);
address.protocol = address.protocol.replace("http", "ws");

const connection = new Connection(address.href);
const room = new Room(snapshot.room, connection, { known: { sender, snapshot, messageCharacters } });
const target = document.getElementById("chat");
if (target === null) throw new Error("the page has no #chat");

// Reading, drawing and connecting are a task each, so that none of them keeps a slow telephone from
// answering.
setTimeout(() => {
  const screen = new Screen(room, new Localisation(language), has_account === true, origin ?? undefined);
  mount(Chat, { target, props: { screen } });
  document.getElementById("chat-absent")?.remove();
  setTimeout(() => connection.start());
});
