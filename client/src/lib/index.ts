/**
 * A client of the Papo chat server, without a screen:
 *
 *     const connection = new Connection("wss://chat.example/ws/");
 *     const room = new Room(1, connection);
 *     room.subscribe(() => console.log(room.state));
 *     connection.start();
 *     room.send("Olá!");
 */
export { Connection, type EndReason } from "./connection";
export { browserEnvironment, type Environment, type Socket, SUBPROTOCOL } from "./environment";
export type * from "./frames";
export { createOutbox, IndexedOutbox } from "./indexed-outbox";
export { MemoryOutbox, type Outbox, type OutboxEntry } from "./outbox";
export type { Outcome } from "./requests";
export { Room, type RoomOptions } from "./room";
export type { RoomState, ShownMessage, Status } from "./room-state";
export type { RoomEvent, Snapshot, Welcome } from "./select";
