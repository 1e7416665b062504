import { assertEquals, assertMatch } from "@std/assert";
import { faultOf } from "../../../src/server/logging/faults.ts";
import { pure } from "../../support/pure.ts";

pure("a fault is logged with its message, and with the calls that led there", () => {
  const lost = () => {
    throw new TypeError("this is no room");
  };
  try {
    lost();
  } catch (error) {
    const { error: message, stack } = faultOf(error);
    assertEquals(message, "TypeError: this is no room");
    assertMatch(String(stack), /^at lost \(.+faults_test\.ts:\d+:\d+\), at /);
  }
});

pure("a fault shows ten calls at most, and nobody how to log in", () => {
  const deep = (left: number): Error =>
    left === 0 ? new Error("no answer from nats://ana:secret@host") : deep(left - 1);
  const { error, stack } = faultOf(deep(20));
  assertEquals(error, "Error: no answer from nats://…@host");
  assertEquals(String(stack).split(", ").length, 10);
});

pure("a fault that is no error, or has no stack, is logged all the same", () => {
  const bare = new Error("bare");
  delete bare.stack;
  assertEquals([faultOf("odd"), faultOf(bare)], [
    { error: "odd", stack: undefined },
    { error: "Error: bare", stack: undefined },
  ]);
});

pure(
  "what was thrown and has no words of its own, or throws at them, is logged by its kind",
  () => {
    const mute = Object.create(null);
    const loud = {
      toString() {
        throw new Error("again");
      },
    };
    assertEquals([faultOf(mute), faultOf(loud)], [
      { error: "[object Object]", stack: undefined },
      { error: "[object Object]", stack: undefined },
    ]);
  },
);
