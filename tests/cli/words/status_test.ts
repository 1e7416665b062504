import { assertEquals } from "@std/assert";
import { roomsLine } from "../../../src/cli/words/status.ts";
import { pure } from "../../support/pure.ts";

const LOBBY = { number: 1, roomId: "r1", name: "Lobby", unread: 0, mentions: 0 };

pure(
  "roomsLine() tells the rooms, what is unread in them, and what one is in the current one",
  () => {
    const here = { ...LOBBY, current: true } as const;
    const other = { ...LOBBY, number: 2, name: "Kitchen", unread: 3 };
    const current = { role: "owner", topic: "Cats", members: 2 } as const;
    assertEquals(roomsLine([here], current), "Lobby | 2 here | owner | Cats");
    assertEquals(
      roomsLine([here], { role: "member", topic: "", members: undefined }),
      "Lobby",
    );
    assertEquals(
      roomsLine([here, other, { ...other, number: 3, mentions: 1 }], {
        ...current,
        role: "reader",
      }),
      "[1:Lobby] 2:Kitchen(3) 3:Kitchen(3!) | 2 here | read only | Cats",
    );
    assertEquals(roomsLine([other], undefined), "2:Kitchen");
    assertEquals(roomsLine([], undefined), "");
  },
);

pure("roomsLine() makes names and topics harmless, and long names short", () => {
  const here = { ...LOBBY, name: `\x1b[2J\n${"x".repeat(99)}`, current: true } as const;
  assertEquals(
    roomsLine([here], { role: undefined, topic: "a\x1b]0;t\x07\nb", members: undefined }),
    "U+001B[2J xxxxxxxxx… | a\\u001b]0;t\\u0007\\u000ab",
  );
});
