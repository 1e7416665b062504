import { assertEquals, assertThrows } from "@std/assert";
import { Log } from "../../../src/core/log/log.ts";
import { checkedClient, checkedRoom, isCount } from "../../../src/core/store/store_answers.ts";
import type { StoredClient, StoredRoom } from "../../../src/core/store/store.ts";
import { Roster } from "../../../src/protocol/roster.ts";
import { pure } from "../../support/pure.ts";

const ROOM: StoredRoom = {
  id: "a",
  name: "Lobby",
  log: new Log("epoch", { logEntries: 10, logBytes: 1_000 }),
  roster: new Roster(),
};

pure("checkedRoom() takes the room that was asked for, and no other one", () => {
  assertEquals(checkedRoom(ROOM, "a"), ROOM);
  const wrong: [Partial<Record<keyof StoredRoom, unknown>>, string][] = [
    [{ id: "b" }, "room b for room a"],
    [{ log: { head: 0 } }, "room a without a Log"],
    [{ roster: new Map() }, "room a without a Log and a Roster"],
    [{ name: undefined }, "room a without a name"],
  ];
  for (const [change, words] of wrong) {
    assertThrows(() => checkedRoom({ ...ROOM, ...change } as StoredRoom, "a"), TypeError, words);
  }
});

pure("checkedClient() takes the client that was asked for, with numbers that can be", () => {
  const client: StoredClient = { id: "ana", name: undefined, n: 3, doubtUpTo: Infinity };
  assertEquals(checkedClient(client, "ana"), client);
  const wrong: [Partial<Record<keyof StoredClient, unknown>>, string][] = [
    [{ id: "ben" }, "client ben for client ana"],
    [{ n: -1 }, "client ana at message -1"],
    [{ n: 1.5 }, "at message 1.5"],
    [{ n: "3" }, "at message 3"],
    [{ doubtUpTo: NaN }, "up to NaN"],
    [{ name: 7 }, "client ana called 7"],
  ];
  for (const [change, words] of wrong) {
    assertThrows(
      () => checkedClient({ ...client, ...change } as StoredClient, "ana"),
      TypeError,
      words,
    );
  }
});

pure("isCount() tells what can be the number of a message or an entry", () => {
  assertEquals([0, 1, 2 ** 53 - 1].map(isCount), [true, true, true]);
  assertEquals([-1, 0.5, 2 ** 53, NaN, Infinity, "1", undefined].map(isCount), [
    false,
    false,
    false,
    false,
    false,
    false,
    false,
  ]);
});
