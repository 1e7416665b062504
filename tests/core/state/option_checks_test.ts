import { assertEquals, assertThrows } from "@std/assert";
import {
  checkedNumber,
  checkedNumbers,
  checkedOptions,
  shown,
} from "../../../src/core/state/option_checks.ts";
import { pure } from "../../support/pure.ts";

pure("checkedNumber() takes whole numbers in a range, with both its ends", () => {
  for (const value of [1, 2, 5]) assertEquals(checkedNumber("x", value, [1, 5]), value);
});

pure("checkedNumber() refuses all else, and names it", () => {
  const values: [unknown, string][] = [
    ["3", '"3"'],
    [NaN, "NaN"],
    [Infinity, "Infinity"],
    [-1, "-1"],
    [0, "0"],
    [6, "6"],
    [1.5, "1.5"],
    [3n, "3"],
    [true, "true"],
    [null, "null"],
    [undefined, "undefined"],
    [[3], "[object Array]"],
    [new Number(3), "[object Number]"],
    [{ valueOf: () => 3 }, "[object Object]"],
    [() => 3, "[object Function]"],
    [Symbol("three"), "Symbol(three)"],
  ];
  for (const [value, named] of values) {
    const { message } = assertThrows(() => checkedNumber("x", value, [1, 5]), RangeError);
    assertEquals(message, `x must be a whole number from 1 to 5, not ${named}`);
  }
  const { message } = assertThrows(() => checkedNumber("--x", NaN, [1, 5], "1e3"), RangeError);
  assertEquals(message, '--x must be a whole number from 1 to 5, not "1e3"');
});

pure("checkedOptions() leaves out what is undefined, and refuses what is unknown", () => {
  interface Options {
    a?: number | undefined;
    b?: string | undefined;
  }
  const check = (given: unknown) => checkedOptions("make", given as Options, ["a", "b"]);
  assertEquals(check({}), {});
  assertEquals(check({ a: 1, b: undefined, c: undefined }), { a: 1 });
  const refusals: [unknown, string][] = [
    [{ a: 1, c: "x" }, 'make() has no option "c"'],
    [{ constructor: 1 }, 'make() has no option "constructor"'],
    [null, "make() takes an object of options, not null"],
    ["a.db", 'make() takes an object of options, not "a.db"'],
    [["a"], "make() takes an object of options, not [object Array]"],
  ];
  for (const [given, expected] of refusals) {
    assertEquals(assertThrows(() => check(given), RangeError).message, expected);
  }
});

pure("what an error shows of a value is short", () => {
  assertEquals(shown("x".repeat(1_000)).length, 102);
  assertEquals(shown("a\nb"), '"a\\nb"');
});

pure("checkedNumbers() takes what has a range and was given", () => {
  const ranges = { a: [0, 5], b: [1, 1] } as const;
  assertEquals(checkedNumbers({ a: 0, c: "x" } as { a: number }, ranges), { a: 0 });
  assertEquals(checkedNumbers({ a: 5, b: 1 }, ranges), { a: 5, b: 1 });
  const { message } = assertThrows(() => checkedNumbers({ a: 1, b: 0 }, ranges), RangeError);
  assertEquals(message, "b must be a whole number from 1 to 1, not 0");
});
