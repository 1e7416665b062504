import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { joinPastes, splitLines } from "../../../src/cli/screen/lines.ts";
import { pure } from "../../support/pure.ts";

const encoder = new TextEncoder();

/** The lines of a text that comes in pieces of so many bytes. */
async function lines(text: string | Uint8Array, pieceBytes = 64, mostBytes = 1_000) {
  const bytes = typeof text === "string" ? encoder.encode(text) : text;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < bytes.length; i += pieceBytes) {
      yield await Promise.resolve(bytes.subarray(i, i + pieceBytes));
    }
  }
  return await Array.fromAsync(splitLines(pieces(), mostBytes));
}

pure("splitLines() splits at line breaks, of Windows too, wherever the pieces end", async () => {
  for (const pieceBytes of [1, 2, 3, 64]) {
    assertEquals(await lines("a\nbc\r\n\nÄ日👧\nend", pieceBytes), ["a", "bc", "", "Ä日👧", "end"]);
  }
  assertEquals(await lines(""), []);
  assertEquals(await lines("\n"), [""]);
});

pure("splitLines() leaves control characters and other line separators alone", async () => {
  assertEquals(await lines("a\rb\u2028c\x00\x1b"), ["a\rb\u2028c\x00\x1b"]);
});

pure("splitLines() keeps only the beginning of a line that is too long", async () => {
  assertEquals(await lines(`${"x".repeat(500)}\nnext\n${"y".repeat(99)}`, 7, 10), [
    "x".repeat(10),
    "next",
    "y".repeat(10),
  ]);
});

pure("splitLines() replaces bytes that are no UTF-8, in their own line only", async () => {
  assertEquals(await lines(new Uint8Array([0xff, 0x0a, 0xe6, 0x97, 0x0a, 0x61])), ["�", "�", "a"]);
});

pure("splitLines() of any lines gives those lines", async () => {
  const line = fc.string({ unit: "grapheme" })
    .map((text) => text.toWellFormed().replaceAll(/[\r\n\ufeff]/g, ""));
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 9 }), async (all, pieceBytes) => {
      assertEquals(await lines(all.map((text) => `${text}\n`).join(""), pieceBytes), all);
    }),
  );
});

async function joined(...chunks: string[]): Promise<{ text: string; literal: boolean }[]> {
  const encoder = new TextEncoder();
  const bytes = async function* () {
    for (const chunk of chunks) yield encoder.encode(chunk);
  };
  return await Array.fromAsync(joinPastes(bytes(), 100));
}

pure("joinPastes() takes lines that come at once for one text, and no command", async () => {
  assertEquals(await joined("/who\n", "", "", "one\n", "/quit\n", "two\n", "", "/quit\n"), [
    { text: "/who", literal: false },
    { text: "one\n/quit\ntwo", literal: true },
    { text: "/quit", literal: false },
  ]);
  assertEquals(await joined(), []);
});

pure("joinPastes() is bounded", async () => {
  const [line] = await joined(..."x".repeat(500).split(""), "\n", "");
  assertEquals(line, { text: "x".repeat(100), literal: false });
});
