/** The dialogs of a room's screen: they come when somebody turns to the messages, before they are needed. */
import type { Component } from "svelte";

class Dialogs {
  /** What draws them, once it is here. */
  component = $state.raw<Component | undefined>(undefined);
  #loading = false;

  /** Without a network they come at the next occasion. */
  load(): void {
    if (this.#loading) return;
    this.#loading = true;
    import("./RoomDialogs.svelte").then(
      (loaded) => (this.component = loaded.default),
      () => (this.#loading = false),
    );
  }
}

/** One for all rooms. */
export const dialogs = new Dialogs();
