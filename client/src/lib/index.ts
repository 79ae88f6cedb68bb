/**
 * A client of the Papo chat server, without a screen:
 *
 *     const connection = new Connection("wss://chat.example/ws/");
 *     const room = new Room(1, connection);
 *     room.subscribe(() => console.log(room.state));
 *     connection.memberships.subscribe(() => console.log(connection.memberships.state));
 *     connection.start();
 *     room.send("Olá!");
 */
export { Connection } from "./connection.js";
export type { EndReason } from "./end-reason.js";
export { browserEnvironment, type Environment, type Socket, SUBPROTOCOL } from "./environment.js";
export type * from "./frames.js";
export { createOutbox, IndexedOutbox } from "./indexed-outbox.js";
export type { Memberships } from "./memberships.js";
export { MemoryOutbox, type Outbox, type OutboxEntry } from "./outbox.js";
export type { SocketRefusal } from "./older.js";
export type { MembershipOutcome, Outcome } from "./requests.js";
export { Room, type RoomOptions } from "./room.js";
export type { ReadPosition, RoomState, ShownMessage, Status } from "./room-state.js";
export type { RoomEvent, Snapshot, Welcome } from "./select.js";
