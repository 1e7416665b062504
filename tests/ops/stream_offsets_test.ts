import { assertEquals, assertThrows } from "@std/assert";
import { cursorAt, offsetOf, placeOf } from "../../src/ops/stream_offsets.ts";
import { ChatError } from "../../src/protocol/errors.ts";

const log = { epoch: "k7q2m9xd", head: 12 };

Deno.test("an offset is a place in one log, and sorts as text", () => {
  const offsets = [0, 9, 10, 12, Number.MAX_SAFE_INTEGER].map((seq) => offsetOf(log, seq));
  assertEquals(offsets.toSorted(), offsets);
  assertEquals(placeOf(offsets[2], log), { after: 10, isKnown: true });
  assertEquals(placeOf("now", log), { after: 12, isKnown: true });
  assertEquals(placeOf("-1", log), { after: 0, isKnown: false });
  assertEquals(placeOf(undefined, log), { after: 0, isKnown: false });
});

Deno.test("what is no offset is refused, and one of an earlier log says so", () => {
  for (const wrong of ["", "0", "k7q2m9xd_12", "a,b", "k7q2m9xd_9999999999999999", "NOW", "-2"]) {
    const error = assertThrows(() => placeOf(wrong, log), ChatError);
    assertEquals(error.code, "invalid_frame", wrong);
  }
  const other = offsetOf({ epoch: "other" }, 3);
  assertEquals(assertThrows(() => placeOf(other, log), ChatError).code, "room_gone");
});

Deno.test("a cursor goes on with the time, and always behind the one before", () => {
  const at = Date.UTC(2026, 0, 1);
  const now = cursorAt(at, undefined, 0);
  assertEquals(Number(cursorAt(at + 20_000, undefined, 0)), Number(now) + 1);
  assertEquals(cursorAt(at, "5", 0), now);
  assertEquals(cursorAt(at, "nothing", 0), now);
  assertEquals(Number(cursorAt(at, now, 0)), Number(now) + 1);
  assertEquals(Number(cursorAt(at, now, 0.999)), Number(now) + 180);
});
