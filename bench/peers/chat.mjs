/**
 * What the JavaScript peers share: the small chat protocol without a socket in it. An
 * entry has the fields and the lengths of one of Parley's, so that a delivery costs
 * everybody the same bytes.
 *
 * @module
 */

/** Rooms and the members that `join` put there; a room is made by the first who names it. */
export class Chat {
  #rooms = new Map();
  #clients = 0;

  /** A new client: a public id as long as Parley's, in no room. */
  connect() {
    this.#clients++;
    return { id: String(this.#clients).padStart(12, "c"), room: undefined, n: 0 };
  }

  /**
   * Takes one frame of `client`. Returns what is to be done: `join` a room and `reply`,
   * `publish` an entry to everybody in the room, its author too, or `reply` an error.
   */
  receive(client, { action, body }) {
    if (action === "join" && typeof body === "string") {
      client.room = body;
      if (!this.#rooms.has(body)) this.#rooms.set(body, { seq: 0 });
      return { type: "join", room: body, reply: { status: "success", message: "joined" } };
    }
    const room = this.#rooms.get(client.room);
    if (action !== "message" || typeof body !== "string" || room === undefined) {
      return { type: "refuse", reply: { status: "error", message: "Invalid action" } };
    }
    const entry = { seq: ++room.seq, at: Date.now(), from: client.id, n: ++client.n, body };
    return { type: "publish", room: client.room, entry };
  }
}
