import { assert, assertEquals } from "@std/assert";
import { lengthOf } from "../../../src/cli/words/moderation_words.ts";
import { Names } from "../../../src/cli/words/names.ts";
import type { Shown } from "../../../src/cli/words/shown.ts";
import { pure } from "../../support/pure.ts";
import { AT, PRESENCE, text } from "../shown_lines.ts";

pure("toText() tells of moderation, with whom and for how long", () => {
  const names = new Names();
  names.know("a0ana1", "Ana");
  const role = { ...PRESENCE, type: "role", name: "Ana", to: "b0ben1" } as const;
  const kick = { ...role, type: "kick" } as const;
  const settings = { ...PRESENCE, type: "settings", name: "Ana" } as const;
  const target = { label: "Ben", own: false };
  const cases: [shown: Shown, line: string | undefined][] = [
    [
      { ...role, role: "reader", until: AT + 600_000, reason: "Loud", target },
      "14:05:09 ~ Ana muted Ben for 10 min: Loud",
    ],
    [{ ...role, role: "none", target: { own: true } }, "14:05:09 ~ Ana banned you"],
    [{ ...role, role: "owner", own: true, target }, "14:05:09 ~ You made Ben an owner"],
    [{ ...role, role: "member" }, "14:05:09 ~ Ana made #b0ben1 a member"],
    [{ ...kick, reason: "\x1b[2J", target }, "14:05:09 ~ Ana kicked Ben: \\u001b[2J"],
    [{ ...kick, to: "Cleo\n> Eve" }, "14:05:09 ~ Ana kicked #Cleo > Eve"],
    [{ ...settings, topic: "Cats\x9b" }, "14:05:09 ~ Ana set the topic: Cats\\u009b"],
    [
      { ...settings, topic: "", join: "closed", slow_ms: 5_000 },
      "14:05:09 ~ Ana took the topic away\n           Ana closed the room to newcomers\n" +
      "           Ana allows a message every 5 s",
    ],
    [settings, undefined],
    [
      { type: "closed", reason: "Off topic", removed: true },
      "14:05:09 ! You were removed from the room: Off topic",
    ],
    [{ type: "closed", reason: "", removed: true }, "14:05:09 ! You were removed from the room"],
    [
      { type: "closed", reason: "x\x07", removed: true, name: "Lobby\n", by: "Ana" },
      "14:05:09 ! Ana removed you from Lobby: x\\u0007",
    ],
  ];
  for (const [shown, line] of cases) assertEquals(text(shown, Infinity, names), line);
});

pure("toText() survives moderation that no server of ours would send", () => {
  const odd = { ...PRESENCE, type: "settings", slow_ms: "x", default: 5, join: {}, history: [] };
  const role = { ...PRESENCE, type: "role", to: "x", role: "king\n", until: 2 ** 60 };
  for (const shown of [odd, role] as unknown as Shown[]) assert(!text(shown)!.includes("\nking"));
});

pure("lengthOf() takes the largest unit that fits", () => {
  const cases = [[1, "1 s"], [90_000, "90 s"], [5_400_000, "90 min"], [7_200_000, "2 h"]] as const;
  for (const [ms, words] of cases) assertEquals(lengthOf(ms), words);
  assertEquals([lengthOf(86_400_000), lengthOf(-5)], ["1 d", "1 s"]);
});
