import { assertEquals, assertThrows } from "@std/assert";
import { MAX_LINE_CHARS } from "../../../src/core/store/archive_format.ts";
import { linesOf, LineWriter } from "../../../src/daemon/flags/line_files.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const FOLDER = tempFolder();
let files = 0;

function fileWith(text: string | Uint8Array): string {
  const path = `${FOLDER}/${++files}`;
  Deno.writeFileSync(path, typeof text === "string" ? new TextEncoder().encode(text) : text);
  return path;
}

Deno.test("lines are read as they were written, wherever the pieces end", () => {
  const lines = Array.from({ length: 5_000 }, (_, i) => `${i} ⛵ ${"ä".repeat(i % 40)}`);
  const path = `${FOLDER}/${++files}`;
  using writer = new LineWriter(path);
  for (const line of lines) writer.write(line);
  writer.end();
  assertEquals([...linesOf(path)], lines);
  assertEquals([...linesOf(fileWith("a\n\nb"))], ["a", "", "b"]);
  assertEquals([...linesOf(fileWith(""))], []);
});

Deno.test("a file that is no text, or has no end of a line, is refused", () => {
  const latin = fileWith(new Uint8Array([97, 10, 228, 10]));
  assertThrows(() => [...linesOf(latin)], RangeError, "is not UTF-8");
  const long = fileWith("x".repeat(MAX_LINE_CHARS + 70_000));
  assertThrows(() => [...linesOf(long)], RangeError, "line 1 is longer");
});

Deno.test("a writer makes a file that was not there, and removes it where it is not whole", () => {
  const path = `${FOLDER}/${++files}`;
  using writer = new LineWriter(path);
  assertThrows(() => new LineWriter(path), Deno.errors.AlreadyExists);
  writer.remove();
  assertThrows(() => Deno.statSync(path), Deno.errors.NotFound);
});
