import { assertEquals, assertThrows } from "@std/assert";
import { check } from "../../src/client/check.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import { pure } from "../support/pure.ts";

pure("check() names the argument and the value that it refuses, whatever that is", () => {
  check(true, "name", undefined);
  const cases: [value: unknown, words: string][] = [
    [undefined, "undefined"],
    [5n, "5"],
    [Symbol("x"), "Symbol(x)"],
    ["", ""],
  ];
  for (const [value, words] of cases) {
    const error = assertThrows(() => check(false, "name", value), ChatError);
    assertEquals([error.code, error.message], ["invalid_argument", `name cannot be ${words}`]);
  }
});
