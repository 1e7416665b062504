import { assertEquals } from "@std/assert";
import { count, dayOf, dayWords, statusWords, typingWords } from "../../web/words.ts";

Deno.test("the connection stands in words, and in none where all is well", () => {
  assertEquals(statusWords({ type: "connected", resumed: true, stored: 0 }), "");
  assertEquals(statusWords({ type: "connecting" }), "Connecting…");
  const lost = (delayMs: number) =>
    statusWords({ type: "reconnecting", attempt: 1, delayMs, code: 1006, reason: "" });
  assertEquals(lost(300), "Connection lost. Trying again…");
  assertEquals(lost(4_200), "Connection lost. Trying again in 5 seconds…");
  assertEquals(lost(Infinity), "Connection paused");
  assertEquals(
    statusWords({ type: "closed", code: 4500, reason: "Taken elsewhere" }),
    "Disconnected: Taken elsewhere",
  );
});

Deno.test("numbers have their nouns", () => {
  assertEquals([count(1, "message"), count(2, "message"), count(2, "person", "people")], [
    "1 message",
    "2 messages",
    "2 people",
  ]);
});

Deno.test("those who type are named as long as they are few", () => {
  assertEquals([[], ["Ana"], ["Ana", "Ben"], ["Ana", "Ben", "Carl"]].map(typingWords), [
    "",
    "Ana is typing…",
    "Ana and Ben are typing…",
    "Several people are typing…",
  ]);
});

Deno.test("days are told from today, over a change of the clocks too", () => {
  const now = new Date(2026, 2, 30, 0, 30).getTime();
  const at = (day: number) => dayWords(dayOf(new Date(2026, 2, day, 23, 59).getTime()), now);
  assertEquals([at(30), at(29)], ["Today", "Yesterday"]);
  assertEquals(at(28).includes("28"), true);
});
