import { assert, assertEquals } from "@std/assert";
import { PAGE_FILES } from "../../src/server/page_files.ts";
import { buildPage, builtPage, isLater, servedFiles, unpacked } from "../../tools/build_page.ts";
import { PERMITTED } from "../support/permissions.ts";

/** The most bytes of page, script, style and icons together, compressed. */
const MOST_BYTES = 25_600;

/** The most bytes of one of the parts that are loaded when they are used, and of all together. */
const MOST_OF_PART = 8_192;
const MOST_LATER = 24_576;

Deno.test({
  name: "web/dist/ and the module that holds it are what the sources give",
  ignore: !PERMITTED,
  async fn() {
    const [built, made] = [await builtPage(), await buildPage()];
    assertEquals([...built.keys()].sort(), [...made.keys()].sort());
    for (const [name, text] of made) {
      assert(built.get(name) === text, `web/dist/${name} is old: deno task page`);
    }
    const served = servedFiles(made);
    assertEquals(Object.keys(PAGE_FILES).sort(), [...served.keys()].sort());
    for (const [name, text] of served) assertEquals(unpacked(PAGE_FILES[name]!), text);
  },
});

Deno.test("page, script, style and icons are at most 25 KiB, compressed", () => {
  const bytes = bytesOf((name) => !isLater(name));
  assert(bytes <= MOST_BYTES, `${bytes} bytes`);
});

Deno.test("what is loaded when it is used is at most 24 KiB, compressed, in parts of at most 8", () => {
  const bytes = bytesOf(isLater);
  assert(bytes > 0 && bytes <= MOST_LATER, `${bytes} bytes`);
  for (const part of Object.keys(PAGE_FILES).filter(isLater)) {
    const bytes = bytesOf((name) => name === part);
    assert(bytes > 0 && bytes <= MOST_OF_PART, `${part}: ${bytes} bytes`);
  }
});

function bytesOf(isCounted: (name: string) => boolean): number {
  return Object.entries(PAGE_FILES).filter(([name]) => isCounted(name)).reduce(
    (sum, [, file]) => sum + Uint8Array.fromBase64(file).length,
    0,
  );
}
