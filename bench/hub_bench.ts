/**
 * Measures the rules: a frame in, effects out, with no socket and no store.
 *
 * @module
 */

import { Hub } from "../src/core/hub.ts";
import { Log } from "../src/core/log/log.ts";
import { newKey, type RandomBytes } from "../src/core/authority/ids.ts";
import { DEFAULTS } from "../src/core/state/options.ts";
import type { Peer, Session } from "../src/core/state/sessions.ts";
import type { Instant } from "../src/core/state/time.ts";
import { Roster } from "../src/protocol/roster.ts";
import { tokenSigner } from "../src/server/token_signer.ts";

const NOW: Instant = { now: 0, at: 1_795_419_198_630 };
const ROOM_ID = "tvd4-q6hq-n9f7-bvha";
const LIMITS = { logEntries: 1_000, logBytes: 4_194_304 };

/** A peer that takes everything and keeps nothing. */
class Silent implements Peer {
  readonly plain = false;
  readonly ready = true;
  readonly idle = true;
  session: Session | undefined;
  send(): void {}
}

const random: RandomBytes = (bytes) => crypto.getRandomValues(bytes);

// Without grace a client that disconnects is gone, and none pile up.
const hub = new Hub(
  { ...DEFAULTS, graceMs: 0 },
  random,
  tokenSigner(newKey(random)),
);

function connect(): Peer {
  const peer = new Silent();
  hub.connect(peer, NOW);
  hub.receive(peer, { action: "hello" }, NOW);
  return peer;
}

const author = connect();
const stored = { id: ROOM_ID, name: "bench", log: new Log("epoch", LIMITS), roster: new Roster() };
hub.joining.admit(author, stored, NOW);
hub.joining.opened(author, { action: "create", name: "bench" }, stored, NOW);
for (let i = 0; i < 100; i++) {
  hub.receive(connect(), { action: "join", roomId: ROOM_ID }, NOW);
}

const BODY = "x".repeat(64);
const room = hub.rooms.get(ROOM_ID)!;
let now = 0;

/** Says something in the room, a second behind the last time and when that has gone out. */
function say(action: "message" | "messages", bodies: string[]): void {
  hub.receive(author, { action, roomId: ROOM_ID, bodies }, { now: now += 1_000, at: NOW.at });
  room.begin();
  room.end();
}

Deno.bench("receive a message", { group: "hub" }, () => say("message", [BODY]));

const BODIES = Array<string>(32).fill(BODY);

Deno.bench("receive 32 messages in one frame", { group: "hub" }, () => say("messages", BODIES));

Deno.bench("receive a ping", { group: "hub" }, () => {
  hub.receive(author, { action: "ping" }, NOW);
});

Deno.bench("connect and disconnect a client that is in a room of 100", { group: "hub" }, () => {
  const peer = connect();
  hub.receive(peer, { action: "join", roomId: ROOM_ID }, NOW);
  hub.receive(peer, { action: "leave", roomId: ROOM_ID }, NOW);
  hub.disconnect(peer, NOW);
});

Deno.bench("tick with 100 clients", { group: "hub" }, () => {
  hub.tick(NOW);
});
