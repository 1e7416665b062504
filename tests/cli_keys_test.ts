import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Key, readKeys } from "../src/cli_keys.ts";
import { pure } from "./pure.ts";

/** Keys as words, and text in quotes. */
function words(keys: Key[]): string {
  return keys.map((key) => key.type === "text" ? JSON.stringify(key.text) : key.type).join(" ");
}

function read(input: string): string {
  return words(readKeys(input).keys);
}

pure("readKeys() takes what is typed or pasted in one go as one text", () => {
  assertEquals(read("Zoë 👩‍👩‍👧\tד"), '"Zoë 👩‍👩‍👧\\tד"');
  assertEquals(read("one\rtwo\r\nthree\n"), '"one" enter "two" enter "three" enter');
});

pure("readKeys() knows the keys of common terminals", () => {
  const cases: [input: string, name: string][] = [
    ["\x1b[A\x1bOA\x10", "up up up"],
    ["\x1b[B\x1bOB\x0e", "down down down"],
    ["\x1b[D\x02", "left left"],
    ["\x1b[C\x06", "right right"],
    ["\x1b[H\x1b[1~\x1b[7~\x01", "home home home home"],
    ["\x1b[F\x1b[4~\x1b[8~\x05", "end end end end"],
    ["\x1b[1;5D\x1bb", "wordLeft wordLeft"],
    ["\x1b[1;5C\x1bf", "wordRight wordRight"],
    ["\x7f\b\x1b[3~", "backspace backspace delete"],
    ["\x17\x1b\x7f\x15\x0b", "eraseWord eraseWord eraseBefore eraseAfter"],
    ["\x03\x04", "interrupt endOfInput"],
  ];
  for (const [input, names] of cases) assertEquals(read(input), names);
});

pure("readKeys() passes over what it does not know", () => {
  assertEquals(read("a\x1b[200~b\x1b[15;2~c\x1bxd\x00\x1ae\x1b"), '"a" "b" "c" "d" "e"');
  // F1 to F5 of the Linux console.
  assertEquals(read("a\x1b[[A\x1b[[B\x1b[[C\x1b[[D\x1b[[Eb"), '"a" "b"');
});

pure("readKeys() waits for the end of a sequence that is cut in two", () => {
  for (const sequence of ["\x1b[1;5D", "\x1b[3~", "\x1bOD"]) {
    for (let cut = 2; cut < sequence.length; cut++) {
      const first = readKeys(`x${sequence.slice(0, cut)}`);
      assertEquals(words(first.keys), '"x"');
      const second = readKeys(`${first.rest}${sequence.slice(cut)}y`);
      assertEquals(words(second.keys), `${read(sequence)} "y"`);
    }
  }
  assertEquals(readKeys("\x1b[["), { keys: [], rest: "\x1b[[" });
  assertEquals(readKeys(`\x1b[${"1".repeat(100)}`), { keys: [], rest: "" });
});

pure("readKeys() lets no control character into a text but tabs", () => {
  const units = fc.array(fc.oneof(fc.nat({ max: 0xa0 }), fc.nat({ max: 0xffff })));
  fc.assert(fc.property(units, (units) => {
    const { keys, rest } = readKeys(String.fromCharCode(...units));
    assert(rest.length <= 16);
    for (const key of keys) {
      // deno-lint-ignore no-control-regex
      if (key.type === "text") assert(!/[\x00-\x08\x0a-\x1f\x7f]/.test(key.text));
    }
  }));
});
