import { assert, assertEquals } from "@std/assert";
import { judge } from "../../../src/core/state/numbers.ts";
import { ChatError } from "../../../src/protocol/errors.ts";
import { pure } from "../../support/pure.ts";

pure("judge() takes the number behind the last one, and knows those before it again", () => {
  assertEquals([1, 4, 5, 6].map((n) => judge(n, 5)), ["repeat", "repeat", "repeat", "next"]);
  assertEquals([judge(1, 0), judge(1, 1)], ["next", "repeat"]);
});

pure("judge() refuses a number behind a hole, and says which one is missing", () => {
  const refusal = judge(7, 5);
  assert(refusal instanceof ChatError);
  assertEquals([refusal.code, refusal.message], ["out_of_order", "Message 7 came before 6"]);
});
