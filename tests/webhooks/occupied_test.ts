import { assertEquals } from "@std/assert";
import type { Room } from "../../src/core/state/room.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import { Occupied } from "../../src/webhooks/occupied.ts";
import { pure } from "../support/pure.ts";
import { turn } from "../support/waiting.ts";

/** A chat in which rooms are opened, with some people left behind in each. */
class FakeVoice {
  readonly openRooms = new Map<string, Room>();
  readonly asked: string[] = [];
  refusal: ChatError | undefined;

  room(id: string): Promise<Room> {
    this.asked.push(id);
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    const room = { here: 0, roster: { members: new Map([["ana", {}]]) } } as unknown as Room;
    this.openRooms.set(id, room);
    return Promise.resolve(room);
  }
}

pure("no more than 500 rooms wait at once for those who were left in them", async () => {
  const voice = new FakeVoice();
  const occupied = new Occupied(voice);
  for (let i = 0; i < 700; i++) occupied.add(`${i}`);
  occupied.look();
  await turn();
  occupied.look();
  assertEquals(voice.asked.length, 500);
  (voice.openRooms.get("0")!.roster.members as Map<string, unknown>).clear();
  (voice.openRooms.get("1") as unknown as { here: number }).here = 1;
  voice.openRooms.delete("2");
  occupied.look();
  assertEquals(voice.asked.length, 503);
});

pure("a room that cannot be opened now is opened later, and one that is gone never", async () => {
  const voice = new FakeVoice();
  const occupied = new Occupied(voice);
  occupied.add("a");
  for (const code of ["unavailable", "room_not_found"] as const) {
    voice.refusal = new ChatError(code, code);
    occupied.look();
    await turn();
  }
  voice.refusal = undefined;
  occupied.look();
  assertEquals(voice.asked, ["a", "a"]);
});
