/** What an event of one kind does to a room. */
import type { Message } from "../frames.js";

/** What an event can do to a room beside its messages. */
export interface EventRoom {
  /** A message of the room, if it is loaded. */
  message(seq: number): Message | undefined;
  /** The sender has sent what they were writing. */
  stoppedTyping(sender: string): void;
  /** A message of this name has come into the log. */
  arrived(sender: string, clientId: string | undefined): void;
  renamed(name: string, description: string): void;
}

/** Each kind is a file of this folder; what it doesn't do, it leaves out. */
export interface EventKind<Event> {
  /** The message that it adds to the end. */
  post?(event: Event): Message | undefined;
  /** Its target after the event; nothing when the target is gone. */
  change?(target: Message, event: Event): Message | undefined;
  /** What else follows. `room` has the messages as they are after the event. */
  follow?(event: Event, room: EventRoom): void;
}
