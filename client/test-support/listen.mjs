/**
 * Listens in room 1 with the client's own library, and prints the room's status at each change:
 * `online`, and `offline` once the connection counts as dead. For `cargo xtask torture T8`, which
 * takes the network away meanwhile.
 *
 *     node test-support/listen.mjs ws://127.0.0.1:8000/ws/chat/1/ 'papo_session=…'
 */
import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";
import { WebSocket } from "ws";

const [url, cookie] = process.argv.slice(2);
const library = async (name) => {
  const path = fileURLToPath(new URL(`../src/lib/${name}.ts`, import.meta.url));
  return (await runnerImport(path, { configFile: false })).module;
};
const { Connection } = await library("connection");
const { Room } = await library("room");
const { MemoryOutbox } = await library("outbox");
const { SUBPROTOCOL, browserEnvironment } = await library("environment");

/** The browser's, but for what a browser adds to the handshake, and what only a page has. */
const environment = {
  ...browserEnvironment,
  openSocket(address) {
    const socket = new WebSocket(address, SUBPROTOCOL, {
      headers: { cookie },
      origin: new URL(address.replace(/^ws/, "http")).origin,
    });
    // It is closed as well, which the library hears.
    socket.onerror = () => {};
    return socket;
  },
  onWake: () => () => {},
  onOffline: () => () => {},
};
const connection = new Connection(url, environment);
const room = new Room(1, connection, { environment, outbox: new MemoryOutbox() });
let status = "";
room.subscribe(() => {
  if (room.state.status === status) return;
  status = room.state.status;
  console.log(status);
});
connection.start();
